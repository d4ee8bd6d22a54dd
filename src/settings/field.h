#pragma once
// Group<T>: the table in which a module declares its settings, each once, bound to the members of a
// plain struct T. Usage, in the module that owns them:
//
//   const Group<ServerSettings>& server_settings() {
//     using S = ServerSettings;
//     static const Group<S> group{
//         "http.server", "How connections from clients are served.",
//         {field(&S::idle_timeout, "idle_timeout", seconds(60), "Raise it when ... .")
//              .between(milliseconds(1), hours(1)).live(),
//          field(&S::head_bytes_max, "head_bytes_max", 64 * KiB, "Raise it when ... .")
//              .in_bytes().between(1 * KiB, 1 * MiB)}};
//     return group;
//   }
//
// Members may be bool, integers, double, Duration, std::string, enums, std::optional of these
// (nullopt is written "auto"), std::vector<std::string>, TextMap, and structs with a Group of their
// own: one (U), one or none (std::optional<U>), or many (std::vector<U>). A nested group has the
// prefix "". cli/ adds every table to a Schema (settings/schema.h); load() in settings/load.h fills
// a T.

#include <chrono>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "base/time.h"
#include "settings/field_info.h"
#include "settings/loading.h"

namespace weir::settings {

// In the place of a default: the operator must give a value.
struct Required {};
inline constexpr Required required;
// In the place of a default, for a std::optional member: the program decides unless told.
struct Automatic {};
inline constexpr Automatic automatic;

// One row of a table: the declaration, and how to fill the member from a node (nullptr: nowhere
// written).
template <class T>
struct Field {
  FieldInfo info;
  std::function<void(T&, const FieldInfo&, const Node*, Loading&)> assign;

  // Inclusive bounds of a number, of a text's length in bytes, or of a list's entries.
  template <class Low, class High>
  Field between(Low low, High high) &&;
  template <class Low>
  Field at_least(Low low) &&;
  // A form that texts must have; `form` is how an operator would write it.
  Field like(bool (*accepts)(std::string_view), std::string_view form) &&;
  // A whole number that is written as a size: "64KiB".
  Field in_bytes() &&;
  Field unit(std::string_view unit) &&;
  // May change while the program runs. What is nested in a list, in an optional group or in a live
  // group is as live as that; in other groups each field says so itself.
  Field live() &&;
  // Never printed.
  Field secret() &&;
  // A URL whose query may hold a key: that is never printed.
  Field secret_query() &&;
};

template <class T>
struct Group {
  // Rules between fields: what is wrong, or nothing; "KEY: ..." when it is one key of the group,
  // such as "sites[1].host" or "headers.X-A". Runs when every field by itself is right.
  using Check = std::optional<std::string> (*)(const T&);

  Group(std::string_view prefix, std::string_view prose, std::initializer_list<Field<T>> fields,
        Check check = nullptr);
  Group(const Group&) = delete;  // nested tables point at each other
  Group& operator=(const Group&) = delete;

  GroupInfo info;
  std::vector<decltype(Field<T>::assign)> assigns;  // one a field, in order
  Check check;
};

// A name of a choice.
template <class E>
struct Named {
  std::string_view name;
  E value;
};

// --- how members are read; not for use elsewhere ---
namespace field_detail {

template <class M>
struct Stripped {
  using Value = M;
  static constexpr bool optional = false;
};
template <class V>
struct Stripped<std::optional<V>> {
  using Value = V;
  static constexpr bool optional = true;
};

template <class D>
concept DurationLike = requires(D d) { std::chrono::nanoseconds(d); } && !std::is_arithmetic_v<D>;

template <class V>
consteval Type type_of() {
  if constexpr (std::is_same_v<V, bool>) return Type::boolean;
  if constexpr (std::is_same_v<V, Duration>) return Type::duration;
  if constexpr (std::is_integral_v<V>) return Type::whole;
  if constexpr (std::is_floating_point_v<V>) return Type::real;
  if constexpr (std::is_enum_v<V>) return Type::choice;
  if constexpr (std::is_same_v<V, std::vector<std::string>>) return Type::text_list;
  if constexpr (std::is_same_v<V, TextMap>) return Type::text_map;
  return Type::text;
}

template <class D>
Scalar to_scalar(const D& value) {
  if constexpr (std::is_same_v<D, bool>)
    return value;
  else if constexpr (std::is_enum_v<D>)
    return static_cast<int64_t>(value);
  else if constexpr (DurationLike<D>)
    return int64_t{std::chrono::nanoseconds(value).count()};
  else if constexpr (std::is_floating_point_v<D>)
    return double{value};
  else if constexpr (std::is_integral_v<D>) {
    WEIR_ASSERT(std::in_range<int64_t>(value));
    return static_cast<int64_t>(value);
  } else
    return std::string(value);
}

// A number fit to be compared with values of `type`.
template <class D>
Scalar to_scalar(Type type, const D& value) {
  if constexpr (std::is_integral_v<D> && !std::is_same_v<D, bool>)
    if (type == Type::real) return static_cast<double>(value);
  WEIR_ASSERT((type == Type::duration) == DurationLike<D>);
  return to_scalar(value);
}

template <class V>
V from_scalar(const Scalar& value) {
  if constexpr (std::is_same_v<V, bool> || std::is_same_v<V, std::string>)
    return std::get<V>(value);
  else if constexpr (std::is_same_v<V, Duration>)
    return Duration(std::get<int64_t>(value));
  else if constexpr (std::is_floating_point_v<V>)
    return static_cast<V>(std::get<double>(value));
  else
    return static_cast<V>(std::get<int64_t>(value));
}

template <class T, class M>
void assign(T& object, M T::* member, const FieldInfo& info, const Node* node, Loading& loading) {
  if constexpr (std::is_same_v<M, std::vector<std::string>>) {
    object.*member = loading.texts(info, node);
  } else if constexpr (std::is_same_v<M, TextMap>) {
    object.*member = loading.text_map(info, node);
  } else {
    const std::optional<Scalar> value = loading.scalar(info, node);
    if (!value) return;
    if (value->index() != 0)
      object.*member = from_scalar<typename Stripped<M>::Value>(*value);
    else if constexpr (Stripped<M>::optional)
      object.*member = std::nullopt;
  }
}

// The widest bounds that the member can hold; none where it holds every int64_t.
template <class V>
void bound_by_member(FieldInfo& info) {
  if constexpr (std::is_integral_v<V> && !std::is_same_v<V, bool>) {
    using Member = std::numeric_limits<V>;
    using Widest = std::numeric_limits<int64_t>;
    if (std::cmp_greater(Member::min(), Widest::min()))
      info.low = static_cast<int64_t>(Member::min());
    if (std::cmp_less(Member::max(), Widest::max()))
      info.high = static_cast<int64_t>(Member::max());
  }
  if constexpr (std::is_same_v<V, Duration>) info.low = int64_t{0};
}

template <class T, class M, class D>
Field<T> declare(M T::* member, std::string_view name, const D& fallback, std::string_view prose) {
  using V = typename Stripped<M>::Value;
  Field<T> row;
  row.info.name = name;
  row.info.prose = prose;
  row.info.type = type_of<V>();
  row.info.automatic = Stripped<M>::optional;
  row.info.required = std::is_same_v<D, Required>;
  bound_by_member<V>(row.info);
  if constexpr (std::is_same_v<D, std::vector<std::string>>)
    row.info.fallback_list = fallback;
  else if constexpr (std::is_same_v<D, Automatic>)
    static_assert(Stripped<M>::optional);
  else if constexpr (!std::is_same_v<D, Required> && !std::is_same_v<D, TextMap>)
    row.info.fallback = to_scalar(row.info.type, fallback);
  row.assign = [member](T& object, const FieldInfo& info, const Node* node, Loading& loading) {
    assign(object, member, info, node, loading);
  };
  return row;
}

}  // namespace field_detail

// A setting with its default (or `required`, or `automatic`).
template <class T, class M, class D>
Field<T> field(M T::* member, std::string_view name, const D& fallback, std::string_view prose) {
  return field_detail::declare(member, name, fallback, prose);
}

// A list of texts: {} or {"a", "b"}.
template <class T>
Field<T> field(std::vector<std::string> T::* member, std::string_view name,
               std::initializer_list<std::string> fallback, std::string_view prose) {
  return field_detail::declare(member, name, std::vector<std::string>(fallback), prose);
}

// A map of names to texts; empty unless given.
template <class T>
Field<T> field(TextMap T::* member, std::string_view name, std::string_view prose) {
  return field_detail::declare(member, name, TextMap(), prose);
}

// A choice: {{"epoll", Reactor::epoll}, ...}.
template <class T, class E>
  requires std::is_enum_v<E>
Field<T> field(E T::* member, std::string_view name, E fallback,
               std::initializer_list<Named<std::type_identity_t<E>>> names,
               std::string_view prose) {
  Field<T> row = field_detail::declare(member, name, fallback, prose);
  for (const auto& [text, value] : names)
    row.info.names.emplace_back(text, static_cast<int64_t>(value));
  return row;
}

namespace field_detail {

template <class T>
Field<T> declare_nested(std::string_view name, Type type, const GroupInfo& nested,
                        std::string_view prose) {
  Field<T> row;
  row.info.name = name;
  row.info.type = type;
  row.info.nested = &nested;
  row.info.prose = prose;
  return row;
}

}  // namespace field_detail

// Fills `object` from a map (nullptr: all defaults); what is wrong goes to `loading`.
template <class T>
void read_group(T& object, const Group<T>& group, const Node* map, Loading& loading) {
  const size_t problems_before = loading.problems.count();
  if (!loading.is_map(map)) return;
  for (size_t i = 0; i < group.assigns.size(); ++i) {
    const FieldInfo& info = group.info.fields[i];
    group.assigns[i](object, info, map ? map->find(info.name) : nullptr, loading);
  }
  if (!group.check || loading.problems.count() != problems_before) return;
  if (auto text = group.check(object)) loading.add(group.info, map, *std::move(text));
}

// A nested group; its own defaults unless given.
template <class T, class U>
Field<T> field(U T::* member, std::string_view name, const Group<U>& group,
               std::string_view prose) {
  auto row = field_detail::declare_nested<T>(name, Type::group, group.info, prose);
  row.assign = [member, &group](T& object, const FieldInfo& info, const Node* node,
                                Loading& loading) {
    const Loading::Step step(loading, info.name);
    read_group(object.*member, group, node, loading);
  };
  return row;
}

// A nested group that may be absent.
template <class T, class U>
Field<T> field(std::optional<U> T::* member, std::string_view name, const Group<U>& group,
               std::string_view prose) {
  auto row = field_detail::declare_nested<T>(name, Type::group, group.info, prose);
  row.info.optional = true;
  row.assign = [member, &group](T& object, const FieldInfo& info, const Node* node,
                                Loading& loading) {
    if (!node) return;
    const Loading::Step step(loading, info.name);
    read_group((object.*member).emplace(), group, node, loading);
  };
  return row;
}

// A list of nested groups; empty unless given.
template <class T, class U>
Field<T> field(std::vector<U> T::* member, std::string_view name, const Group<U>& group,
               std::string_view prose) {
  auto row = field_detail::declare_nested<T>(name, Type::group_list, group.info, prose);
  row.assign = [member, &group](T& object, const FieldInfo& info, const Node* node,
                                Loading& loading) {
    const std::vector<Node>* items = loading.items(info, node);
    for (size_t i = 0; items && i < items->size(); ++i) {
      const Loading::Step step(loading, info.name, i);
      read_group((object.*member).emplace_back(), group, &(*items)[i], loading);
    }
  };
  return row;
}

template <class T>
template <class Low, class High>
Field<T> Field<T>::between(Low low, High high) && {
  info.low = field_detail::to_scalar(info.type, low);
  info.high = field_detail::to_scalar(info.type, high);
  return std::move(*this);
}

template <class T>
template <class Low>
Field<T> Field<T>::at_least(Low low) && {
  info.low = field_detail::to_scalar(info.type, low);
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::like(bool (*accepts)(std::string_view), std::string_view form) && {
  info.accepts = accepts;
  info.form = form;
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::in_bytes() && {
  WEIR_ASSERT(info.type == Type::whole);
  info.type = Type::bytes;
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::unit(std::string_view unit) && {
  info.unit = unit;
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::live() && {
  info.live = true;
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::secret() && {
  info.secret = true;
  return std::move(*this);
}

template <class T>
Field<T> Field<T>::secret_query() && {
  WEIR_ASSERT(info.type == Type::text);
  info.secret_query = true;
  return std::move(*this);
}

template <class T>
Group<T>::Group(std::string_view prefix, std::string_view prose,
                std::initializer_list<Field<T>> fields, Check check_of_all)
    : info{prefix, prose, {}}, check(check_of_all) {
  for (const Field<T>& row : fields) {
    assert_declared_well(row.info);
    WEIR_ASSERT(!info.find(row.info.name));
    info.fields.push_back(row.info);
    assigns.push_back(row.assign);
  }
}

}  // namespace weir::settings
