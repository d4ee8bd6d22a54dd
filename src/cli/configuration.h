#pragma once
// Configuration: the values in force, and where they came from, so that they can be read again.
// One a process. Any thread: a lock guards the values; nobody on a request's way asks here.

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/assert.h"
#include "settings/load.h"
#include "settings/reload.h"
#include "settings/resolve.h"

namespace weir::cli {

class Configuration {
 public:
  // Merges file (if `sources` names one; its text is read here), environment and flags. The error
  // has one line a problem.
  static std::expected<std::unique_ptr<Configuration>, std::string> read(
      const settings::Schema& schema, settings::Sources sources);

  template <class T>
  T load(const settings::Group<T>& group) const {
    const std::lock_guard lock(mutex_);
    auto loaded = settings::load(values_, group);
    WEIR_ASSERT(loaded.has_value());  // resolve() and reload() have checked all of it
    return *std::move(loaded);
  }
  // As YAML, without secrets.
  std::string print() const;
  settings::Values values() const;
  // What is wrong with the use of a setting, "KEY: ...", with the place that it was set at.
  std::string with_place(const std::string& problem) const;

  // Reads all sources again and, unless something is wrong, hands the mixture of new live values
  // and old others to `apply`; when that succeeds they are in force: load() gives them. The error
  // has one line a problem; then nothing has changed.
  using Apply = std::function<std::expected<void, std::string>(const settings::Values&)>;
  std::expected<settings::Reload, std::string> reload(const Apply& apply);

 private:
  Configuration(const settings::Schema& schema, settings::Sources sources, settings::Values values)
      : schema_(schema), sources_(std::move(sources)), values_(std::move(values)) {}

  const settings::Schema& schema_;
  settings::Sources sources_;
  mutable std::mutex mutex_;  // guards what is below
  settings::Values values_;
};

}  // namespace weir::cli
