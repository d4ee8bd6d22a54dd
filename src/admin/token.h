#pragma once
// Token: the secret that opens the admin pages, if one is set. Immutable. Compared in a time that
// says nothing about it.

#include <expected>
#include <string>
#include <string_view>

namespace weir::admin {

class Token {
 public:
  static constexpr size_t bytes_min = 16, bytes_max = 4096;

  // No token: everybody may come in.
  Token() = default;
  explicit Token(std::string secret) : secret_(std::move(secret)) {}
  // The first line of a file; the error names the file and what to do.
  static std::expected<Token, std::string> read(const std::string& path);

  bool required() const { return !secret_.empty(); }
  // Whether an Authorization field with this value may come in.
  bool opens(std::string_view authorization) const;

 private:
  std::string secret_;
};

}  // namespace weir::admin
