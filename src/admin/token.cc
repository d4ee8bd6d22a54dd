#include "admin/token.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "wire/known_field.h"

namespace weir::admin {
namespace {

// Looks at every byte of what was given, whatever it finds on the way.
bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  unsigned different = given.size() == secret.size() ? 0u : 1u;
  for (size_t i = 0; i < given.size(); ++i)
    different |= static_cast<unsigned char>(given[i]) ^
                 static_cast<unsigned char>(secret[i % secret.size()]);
  return different == 0;
}

bool is_token_byte(char c) {
  return c > ' ' && c < 0x7f;
}

}  // namespace

std::expected<Token, std::string> Token::read(const std::string& path) {
  const std::string place = "admin.token_file: " + path + ": ";
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::unexpected(place + std::strerror(errno));
  std::string text(bytes_max + 2, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::unexpected(place + std::strerror(errno));
  text.resize(static_cast<size_t>(in.gcount()));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.size() < bytes_min || text.size() > bytes_max)
    return std::unexpected(place + "the first line must have 16 to 4096 bytes, this one has " +
                           std::to_string(text.size()));
  if (!std::ranges::all_of(text, is_token_byte))
    return std::unexpected(place + "the token must be printable ASCII without spaces");
  return Token(std::move(text));
}

bool Token::opens(std::string_view authorization) const {
  if (!required()) return true;
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.size() <= scheme.size() ||
      !wire::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return false;
  const size_t begin = authorization.find_first_not_of(' ', scheme.size());
  if (begin == authorization.npos) return false;
  authorization.remove_prefix(begin);
  return equal_in_constant_time(authorization, secret_);
}

}  // namespace weir::admin
