#pragma once
// MessageHeaders: the headers of a Kafka record, in order, as views of bytes that somebody else
// keeps, in storage that the caller gives. Unlike the fields of HTTP their keys have a case, and
// their values are any bytes, or null. A key may come more than once. Never allocates; its bound is
// the size of that storage.

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

namespace weir::wire {

struct MessageHeader {
  std::string_view key;                   // UTF-8, not checked
  std::optional<std::string_view> value;  // none: null
  bool operator==(const MessageHeader&) const = default;
};

class MessageHeaders {
 public:
  explicit MessageHeaders(std::span<MessageHeader> storage) : storage_(storage) {}

  // False when the storage is full.
  bool push(const MessageHeader& header) {
    if (size_ == storage_.size()) return false;
    storage_[size_++] = header;
    return true;
  }
  // All of that key; the others stay in their order.
  void remove(std::string_view key) {
    const auto present = storage_.first(size_);
    size_ -= std::ranges::remove(present, key, &MessageHeader::key).size();
  }
  std::span<const MessageHeader> view() const { return storage_.first(size_); }

 private:
  std::span<MessageHeader> storage_;
  size_t size_ = 0;
};

}  // namespace weir::wire
