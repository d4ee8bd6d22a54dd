#include "edge/rules/invalidation.h"

#include <algorithm>

namespace weir::edge {
namespace {

using wire::RequestMethod;

uint16_t port_of(const TargetUrl& url) {
  return url.host.port != 0 ? url.host.port : wire::default_port(url.scheme);
}

bool same_origin(const TargetUrl& a, const TargetUrl& b) {
  return a.scheme == b.scheme && port_of(a) == port_of(b) &&
         wire::equal_ignoring_case(a.host.host, b.host.host);
}

// What stands before ':' can only be a scheme when no '/' comes earlier (RFC 3986 4.2).
bool has_scheme(std::string_view reference) {
  const size_t colon = reference.find(':');
  return colon != reference.npos && reference.find_first_of("/?") > colon;
}

// RFC 3986 5.2.4, on what is already an absolute path; "%2e" is no dot here, because it is not
// taken for one in keys either.
void append_without_dot_segments(Buffer& out, std::string_view path) {
  const size_t begin = out.size();
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool last = path.empty();
    if (segment == "/..") {
      const size_t slash = out.view().substr(begin).rfind('/');
      if (slash != std::string_view::npos) out.truncate(begin + slash);
    }
    if (segment == "/." || segment == "/..") {
      if (last) out.append('/');
    } else {
      out.append(segment);
    }
  }
}

std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.rfind('/') + 1);
}

void split_query(std::string_view text, TargetUrl& url) {
  const size_t question = text.find('?');
  url.path = text.substr(0, question);
  url.has_query = question != text.npos;
  url.query = url.has_query ? text.substr(question + 1) : std::string_view();
}

}  // namespace

bool is_safe(RequestMethod method) {
  return method == RequestMethod::get || method == RequestMethod::head ||
         method == RequestMethod::options || method == RequestMethod::trace;
}

bool invalidates(RequestMethod method, uint16_t status) {
  return !is_safe(method) && status >= 200 && status < 400;
}

TargetUrl target_of(const wire::RequestHead& request, wire::Scheme scheme) {
  return {.scheme = request.form == wire::TargetForm::absolute ? request.scheme : scheme,
          .host = request.host,
          .path = request.path,
          .query = request.query,
          .has_query = request.has_query};
}

std::optional<TargetUrl> resolve_same_origin(const TargetUrl& base, std::string_view reference,
                                             Buffer& scratch) {
  reference = reference.substr(0, reference.find('#'));
  TargetUrl out = base;
  if (has_scheme(reference)) {
    const auto absolute = wire::parse_url(reference);
    if (!absolute) return std::nullopt;
    out = {.scheme = absolute->scheme,
           .host = absolute->authority,
           .path = absolute->path,
           .query = absolute->query,
           .has_query = absolute->has_query};
  } else if (reference.starts_with("//")) {
    const size_t end = std::min(reference.find_first_of("/?", 2), reference.size());
    const auto authority = wire::parse_authority(reference.substr(2, end - 2));
    if (!authority) return std::nullopt;
    out.host = *authority;
    split_query(reference.substr(end), out);
  } else if (reference.starts_with('?')) {
    out.has_query = true;
    out.query = reference.substr(1);
  } else if (!reference.empty()) {
    split_query(reference, out);
  }
  if (!same_origin(base, out)) return std::nullopt;
  // A path that is the request's own is the key's, and stays as it is (RFC 3986 5.2.2).
  if (reference.empty() || reference.starts_with('?')) return out;
  Buffer merged;
  if (!out.path.starts_with('/')) merged.append(out.path.empty() ? "/" : folder_of(base.path));
  merged.append(out.path);
  scratch.clear();
  append_without_dot_segments(scratch, merged.view());
  out.path = scratch.view();
  return out;
}

bool same_url(const TargetUrl& a, const TargetUrl& b) {
  return same_origin(a, b) && a.path == b.path && a.query == b.query && a.has_query == b.has_query;
}

}  // namespace weir::edge
