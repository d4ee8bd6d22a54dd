#include "edge/rules/host_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/hash.h"
#include "wire/url.h"

namespace weir::edge {
namespace {

constexpr size_t host_bytes_max = 255;

std::string_view without_final_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

bool is_host_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  const Result<wire::Authority> authority = wire::parse_authority(text);
  return authority && authority->port == 0 && text.size() <= host_bytes_max;
}

Result<> HostTable::add(std::string_view pattern, uint32_t site) {
  if (!is_host_pattern(pattern)) return fail(ErrorCode::invalid, "not a host name");
  if (pattern == "*") {
    if (any_) return fail(ErrorCode::invalid, "host is named twice");
    any_ = site;
    return {};
  }
  if (pattern.front() == '*') pattern.remove_prefix(1);
  std::string name(without_final_dot(pattern));
  std::ranges::transform(name, name.begin(), lower);
  if (find_name(name)) return fail(ErrorCode::invalid, "host is named twice");
  entries_.push_back({std::move(name), site});
  rebuild();
  return {};
}

void HostTable::rebuild() {
  slots_.assign(std::bit_ceil(entries_.size() * 2), 0);
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    size_t at = hash(entries_[i].name, seed_) & (slots_.size() - 1);
    while (slots_[at])
      at = (at + 1) & (slots_.size() - 1);
    slots_[at] = i + 1;
  }
}

const HostTable::Entry* HostTable::find_name(std::string_view name) const {
  if (slots_.empty()) return nullptr;
  size_t at = hash(name, seed_) & (slots_.size() - 1);
  for (; slots_[at]; at = (at + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::optional<uint32_t> HostTable::find(std::string_view host) const {
  host = without_final_dot(host);
  if (entries_.empty() || host.size() > host_bytes_max) return any_;
  std::array<char, host_bytes_max> folded;
  std::ranges::transform(host, folded.begin(), lower);
  std::string_view name(folded.data(), host.size());
  if (const Entry* exact = find_name(name)) return exact->site;
  for (size_t dot = name.find('.', 1); dot != name.npos; dot = name.find('.', dot + 1))
    if (const Entry* wildcard = find_name(name.substr(dot))) return wildcard->site;
  return any_;
}

}  // namespace weir::edge
