#include "edge/stored_answer.h"

namespace weir::edge {

StoredRepresentation StoredAnswer::representation(const cache::Object& object) {
  const StoredAnswer& answer = of(object);
  const std::string_view head = object.head();
  StoredRepresentation stored{.status = answer.status, .stored_at = answer.stored_at};
  if (answer.entity_tag.size > 0)
    stored.validators.tag = parse_entity_tag(answer.entity_tag.in(head));
  stored.validators.last_modified = answer.last_modified.in(head);
  stored.validators.date = answer.date.in(head);
  return stored;
}

bool read_field_lines(std::string_view lines, wire::Fields& out) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const size_t colon = line.find(':');
    if (!out.push(line.substr(0, colon), wire::trim_ows(line.substr(colon + 1)))) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

}  // namespace weir::edge
