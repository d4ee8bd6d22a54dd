#include "cli/configuration.h"

#include <cstring>

#include "settings/print.h"

namespace weir::cli {
namespace {

using settings::Sources;
using settings::Values;

std::expected<Values, std::string> resolve_all(const settings::Schema& schema, Sources& sources) {
  if (!sources.file_name.empty()) {
    auto text = settings::read_text_file(sources.file_name);
    if (!text) {
      std::string what = text.error().text;
      if (text.error().sys != 0) what += std::string(": ") + std::strerror(text.error().sys);
      return std::unexpected(sources.file_name + ": " + what + "\n");
    }
    sources.file_text = *std::move(text);
  }
  auto values = settings::resolve(schema, sources);
  if (!values) return std::unexpected(to_string(values.error()));
  return *std::move(values);
}

}  // namespace

std::expected<std::unique_ptr<Configuration>, std::string> Configuration::read(
    const settings::Schema& schema, Sources sources) {
  auto values = resolve_all(schema, sources);
  if (!values) return std::unexpected(values.error());
  return std::unique_ptr<Configuration>(
      new Configuration(schema, std::move(sources), *std::move(values)));
}

std::string Configuration::print() const {
  const std::lock_guard lock(mutex_);
  return settings::print_config(schema_, values_);
}

settings::Values Configuration::values() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

std::string Configuration::with_place(const std::string& problem) const {
  const std::lock_guard lock(mutex_);
  return settings::with_place(schema_, values_, problem);
}

std::expected<settings::Reload, std::string> Configuration::reload(const Apply& apply) {
  const std::lock_guard lock(mutex_);
  auto fresh = resolve_all(schema_, sources_);
  if (!fresh) return std::unexpected(fresh.error());
  auto changes = settings::reload(schema_, values_, *fresh);
  if (!changes) return std::unexpected(to_string(changes.error()));
  if (auto applied = apply(changes->effective); !applied)
    return std::unexpected(settings::with_place(schema_, changes->effective, applied.error()));
  values_ = changes->effective;
  return *std::move(changes);
}

}  // namespace weir::cli
