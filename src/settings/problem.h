#pragma once
// Problems: everything that is wrong with a configuration, collected, so that an operator mends it
// in one go. Each says where, which key, what is wrong, and what would be right. Holds at most
// problems_max and counts the rest.

#include <string>
#include <string_view>
#include <vector>

#include "settings/node.h"

namespace weir::settings {

struct Problem {
  Place place;
  std::string key;  // dotted, "edge.sites[0].host"; empty when it concerns a source as a whole
  std::string text;
};

// "weir.yaml:12:5: http.server.idle_timeout: ..."; one line, without a line end.
std::string to_string(const Problem& problem);

class Problems {
 public:
  static constexpr size_t problems_max = 100;

  void add(Problem problem);
  void add(const Place& place, std::string_view key, std::string text) {
    add(Problem{place, std::string(key), std::move(text)});
  }
  void append(const Problems& other);

  bool empty() const { return list_.empty(); }
  // How many were found, including those that are not kept.
  size_t count() const { return list_.size() + dropped_; }
  bool full() const { return list_.size() == problems_max; }
  const std::vector<Problem>& list() const { return list_; }

 private:
  std::vector<Problem> list_;
  size_t dropped_ = 0;
};

// One line a problem, in the order in which they were found, each with a line end.
std::string to_string(const Problems& problems);

}  // namespace weir::settings
