#include "settings/problem.h"

namespace weir::settings {

std::string to_string(const Problem& problem) {
  std::string text;
  if (problem.place.layer != Layer::built_in) text += locate(problem.place) + ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.text;
}

void Problems::add(Problem problem) {
  if (full())
    ++dropped_;
  else
    list_.push_back(std::move(problem));
}

void Problems::append(const Problems& other) {
  for (const Problem& problem : other.list_)
    add(problem);
  dropped_ += other.dropped_;
}

std::string to_string(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list())
    text += to_string(problem) + "\n";
  const size_t left = problems.count() - problems.list().size();
  if (left) text += "and " + std::to_string(left) + " more\n";
  return text;
}

}  // namespace weir::settings
