#pragma once
// Schema: every table of settings that a program has, as one tree by their dotted prefixes. Built
// once by cli/, which adds the tables by name; immutable afterwards. Refers to the tables, which
// outlive it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/field.h"
#include "settings/load.h"

namespace weir::settings {

// One level of the tree: what may follow a dot. `group` gives the fields, if any.
struct Section {
  std::string name;
  std::vector<Section> sections;
  const GroupInfo* group = nullptr;

  const Section* find_section(std::string_view name) const;
  const FieldInfo* find_field(std::string_view name) const;
};

class Schema {
 public:
  template <class T>
  void add(const Group<T>& group) {
    insert(group.info);
    checks_.push_back([&group](const Values& values, Problems& problems) {
      if (const auto loaded = load(values, group); !loaded) problems.append(loaded.error());
    });
  }

  const Section& root() const { return root_; }
  // In the order in which they were added.
  const std::vector<const GroupInfo*>& groups() const { return groups_; }
  // Every key, with "[]" behind lists of groups: "edge.sites[].origins[].url".
  const std::vector<std::string>& keys() const { return keys_; }

  // Loads every group for its problems.
  void check(const Values& values, Problems& problems) const;

 private:
  void insert(const GroupInfo& group);

  Section root_;
  std::vector<const GroupInfo*> groups_;
  std::vector<std::string> keys_;
  std::vector<std::function<void(const Values&, Problems&)>> checks_;
};

// "http.server" and "idle_timeout" -> "http.server.idle_timeout".
std::string join_key(std::string_view prefix, std::string_view name);

// The variable that sets a key: "http.server.idle_timeout" -> "WEIR_HTTP_SERVER_IDLE_TIMEOUT",
// "edge.sites[0].host" -> "WEIR_EDGE_SITES_0_HOST".
std::string environment_name(std::string_view key);

}  // namespace weir::settings
