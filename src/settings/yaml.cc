#include "settings/yaml.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_set>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "settings/field_info.h"

namespace weir::settings {
namespace {

struct Extent {
  size_t nodes = 1;
  size_t depth = 1;
};

Extent measure(const Node& node) {
  Extent all;
  const auto include = [&all](const Node& child) {
    const Extent extent = measure(child);
    all.nodes += extent.nodes;
    all.depth = std::max(all.depth, extent.depth + 1);
  };
  for (const Node& item : node.items)
    include(item);
  for (const Entry& entry : node.entries)
    include(entry.value);
  return all;
}

// Builds the tree from the parser's events. After the first fatal problem it ignores what follows:
// the library cannot be stopped without an exception, and its input is bounded.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Place& base, Problems& problems) : base_(base), problems_(problems) {}

  // The finished tree, unless something fatal was found.
  std::optional<Node> take() { return failed_ ? std::nullopt : std::move(root_); }
  bool failed() const { return failed_; }
  void fail(const YAML::Mark& mark, std::string text) {
    if (!failed_) problems_.add(place(mark), "", std::move(text));
    failed_ = true;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) fail(mark, "a second document begins; one is expected");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    open(mark, "", anchor, NodeKind::none);
    close();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    open(mark, tag, anchor, NodeKind::text);
    if (!failed_) open_.back().node.text = value;
    close();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> key;  // of a map: read, and waiting for its value
    std::unordered_set<std::string> keys;
  };

  Place place(const YAML::Mark& mark) const;
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, NodeKind kind);
  void close();
  void put(Node&& node);
  void put_key(Open& map, Node&& node);
  bool within(const YAML::Mark& mark, const Extent& extent);

  const Place base_;
  Problems& problems_;
  std::optional<Node> root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  size_t nodes_ = 0;
  YAML::Mark last_mark_;
  bool failed_ = false;
};

Place TreeBuilder::place(const YAML::Mark& mark) const {
  Place where = base_;
  if (where.layer == Layer::file && !mark.is_null()) {
    where.line = mark.line + 1;
    where.column = mark.column + 1;
  }
  return where;
}

bool TreeBuilder::within(const YAML::Mark& mark, const Extent& extent) {
  nodes_ += extent.nodes;
  if (nodes_ > yaml_nodes_max)
    fail(mark, "more than " + std::to_string(yaml_nodes_max) + " values (aliases count as copies)");
  if (open_.size() + extent.depth > yaml_depth_max)
    fail(mark, "nested deeper than " + std::to_string(yaml_depth_max) + " levels");
  return !failed_;
}

void TreeBuilder::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       NodeKind kind) {
  const bool known_tag =
      tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:");
  if (!failed_ && !known_tag) fail(mark, "the tag " + quoted(tag) + " is not known");
  if (failed_ || !within(mark, Extent())) return;
  last_mark_ = mark;
  Open& opened = open_.emplace_back();
  opened.node.kind = kind;
  opened.node.place = place(mark);
  opened.anchor = anchor;
}

void TreeBuilder::close() {
  if (failed_) return;
  Open closed = std::move(open_.back());
  open_.pop_back();
  if (closed.anchor) anchors_[closed.anchor] = closed.node;
  put(std::move(closed.node));
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (failed_) return;
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return fail(mark, "an alias of something that is not finished");
  if (within(mark, measure(found->second))) put(Node(found->second));
}

void TreeBuilder::put(Node&& node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& parent = open_.back();
  if (parent.node.kind == NodeKind::list) {
    parent.node.items.push_back(std::move(node));
  } else if (!parent.key) {
    put_key(parent, std::move(node));
  } else {
    parent.key->value = std::move(node);
    if (parent.keys.insert(parent.key->key).second)
      parent.node.entries.push_back(std::move(*parent.key));
    else
      problems_.add(parent.key->place, parent.key->key, "is given twice in the same map");
    parent.key.reset();
  }
}

void TreeBuilder::put_key(Open& map, Node&& node) {
  if (node.kind != NodeKind::text)
    return fail(last_mark_, "a key must be a single name, not a list, a map or nothing");
  map.key = Entry{std::move(node.text), node.place, {}};
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, const Place& base, Problems& problems) {
  if (text.size() > yaml_bytes_max) {
    problems.add(base, "", "larger than " + std::to_string(yaml_bytes_max >> 20) + " MiB");
    return std::nullopt;
  }
  TreeBuilder builder(base, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!builder.failed() && parser.HandleNextDocument(builder)) {
    }
    // allow(catch): yaml-cpp reports by throwing
  } catch (const YAML::Exception& error) {
    builder.fail(error.mark, "not valid YAML: " + error.msg);
  }
  if (builder.failed()) return std::nullopt;
  std::optional<Node> root = builder.take();
  if (!root || root->kind == NodeKind::none) root = Node{NodeKind::map, {}, {}, {}, base};
  return root;
}

}  // namespace weir::settings
