#pragma once
// Loading: what goes on while one group is read from the merged tree: the path that messages name,
// and the problems found so far. The untyped half of settings/field.h, which fills the members.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/field_info.h"
#include "settings/node.h"
#include "settings/problem.h"

namespace weir::settings {

class Loading {
 public:
  explicit Loading(std::string_view prefix) : path_(prefix) {}
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

  // The path is longer by a name, and by an index, while this lives.
  class Step {
   public:
    Step(Loading& loading, std::string_view name);
    Step(Loading& loading, std::string_view name, size_t index);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() {
      loading_.path_.resize(size_before_);
      loading_.group_place_ = std::move(place_before_);
    }

   private:
    Loading& loading_;
    size_t size_before_;
    Place place_before_;
  };

  // The checked value, or the default when `node` is nullptr; nothing when it was wrong or missing.
  std::optional<Scalar> scalar(const FieldInfo& info, const Node* node);
  std::vector<std::string> texts(const FieldInfo& info, const Node* node);
  TextMap text_map(const FieldInfo& info, const Node* node);
  // The entries of a group_list; nullptr when there are none or when it is no list.
  const std::vector<Node>* items(const FieldInfo& info, const Node* node);
  // Whether `node` can be read as a group; nullptr and an empty node are groups of defaults.
  bool is_map(const Node* node);

  // What a check found wrong with the group at the current path, or with one key of it, which the
  // text then begins with: "sites[1].host: ...".
  void add(const GroupInfo& group, const Node* node, std::string text);

  Problems problems;

 private:
  void add(const Node* node, std::string text);
  // A problem with a field of the group at the current path.
  void add(const FieldInfo& info, const Node* node, std::string text);
  bool is_kind(const FieldInfo& info, const Node& node, NodeKind kind);
  // Whether a required field was given; says so when it was not.
  bool given(const FieldInfo& info, const Node* node);
  std::string key(std::string_view name) const;

  std::string path_;
  Place group_place_;  // of the group that is being read, for what is missing in it
};

// Fails for a declaration that cannot be right: a name that is not lower_snake_case, a default out
// of its bounds, a choice without names.
void assert_declared_well(const FieldInfo& info);

}  // namespace weir::settings
