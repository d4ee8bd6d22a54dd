#include "settings/yaml.h"

#include <doctest/doctest.h>

namespace weir::settings {
namespace {

const Place base{Layer::file, "weir.yaml"};

std::string problems_of(const std::string& text) {
  Problems problems;
  parse_yaml(text, base, problems);
  return to_string(problems);
}

Node parsed(const std::string& text) {
  Problems problems;
  const auto node = parse_yaml(text, base, problems);
  REQUIRE_MESSAGE(problems.empty(), to_string(problems));
  return *node;
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("a tree keeps order, texts and places") {
  const Node root = parsed("a: 1\nb:\n  - x\n  - 'y z'\nc: ~\n");
  CHECK(root.kind == NodeKind::map);
  REQUIRE(root.entries.size() == 3);
  CHECK(root.entries[1].key == "b");
  CHECK(locate(root.entries[1].place) == "weir.yaml:2:1");
  CHECK(root.find("b")->items[1].text == "y z");
  CHECK(locate(root.find("b")->items[1].place) == "weir.yaml:4:5");
  CHECK(describe(root.find("a")->place) == "file weir.yaml:1:4");
  CHECK(root.find("c")->kind == NodeKind::none);
  CHECK(root.find("d") == nullptr);
}

TEST_CASE("a duplicate key is a problem at its second place") {
  CHECK(problems_of("a: 1\nb: 2\na: 3\n") == "weir.yaml:3:1: a: is given twice in the same map\n");
  CHECK(problems_of("x: {a: 1}\ny: {a: 1}\n") == "");
}

TEST_CASE("what is not YAML is a problem with line and column") {
  CHECK(problems_of("a: [1, 2\nb: 3\n").starts_with("weir.yaml:2:"));
  CHECK(problems_of("a: \"unfinished").starts_with("weir.yaml:1:"));
  CHECK(problems_of("a:\n\t- 1\n").starts_with("weir.yaml:2:"));
}

TEST_CASE("keys that are no names, foreign tags and second documents are refused") {
  CHECK(problems_of("[a, b]: 1").find("a key must be a single name") != std::string::npos);
  CHECK(problems_of("a: !exec rm") == "weir.yaml:1:4: the tag \"!exec\" is not known\n");
  CHECK(problems_of("a: !!str 5") == "");
  CHECK(problems_of("a: 1\n---\nb: 2\n").find("a second document") != std::string::npos);
}

TEST_CASE("an alias is a copy") {
  const Node root = parsed("a: &x {k: [1]}\nb: *x\n");
  CHECK(root.find("b")->find("k")->items[0].text == "1");
  CHECK(!problems_of("a: *nobody").empty());
  CHECK(!problems_of("a: &x [*x]").empty());
}

TEST_CASE("depth, size and copies are bounded") {
  CHECK(problems_of(nested(yaml_depth_max)) == "");
  CHECK(problems_of(nested(yaml_depth_max + 1)).find("nested deeper than 16") != std::string::npos);
  CHECK(!problems_of(nested(100'000)).empty());
  CHECK(problems_of(std::string(yaml_bytes_max + 1, ' ')) == "weir.yaml: larger than 4 MiB\n");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j)
      bomb += ", " + last;
    bomb += "]\n";
  }
  CHECK(problems_of(bomb).find("more than 200000 values") != std::string::npos);
}

TEST_CASE("aliases cannot deepen a tree beyond the bound") {
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 20; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
             "]\n";
  CHECK(problems_of(chain).find("nested deeper than 16") != std::string::npos);
}

TEST_CASE("a value of a flag has the flag as its place") {
  Problems problems;
  const auto node = parse_yaml("{a: [1]}", Place{Layer::flag, "--set"}, problems);
  REQUIRE(node);
  CHECK(describe(node->find("a")->items[0].place) == "--set");
}

}  // namespace weir::settings
