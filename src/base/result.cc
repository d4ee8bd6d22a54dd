#include "base/result.h"

#include <cerrno>

namespace weir {
namespace {

ErrorCode code_of(int sys) {
  switch (sys) {
    case ECONNREFUSED:
      return ErrorCode::refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return ErrorCode::reset;
    case ETIMEDOUT:
    case ETIME:
      return ErrorCode::timed_out;
    case ECANCELED:
      return ErrorCode::cancelled;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
      return ErrorCode::unreachable;
    case ENOENT:
      return ErrorCode::not_found;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return ErrorCode::overloaded;
    default:
      return ErrorCode::io;
  }
}

}  // namespace

Error system_error(int sys, const char* text) {
  return {code_of(sys), text, sys};
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::timed_out:
      return "timed_out";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::reset:
      return "reset";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::breaker_open:
      return "breaker_open";
    case ErrorCode::unreachable:
      return "unreachable";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::overloaded:
      return "overloaded";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::tls:
      return "tls";
    case ErrorCode::dns:
      return "dns";
    case ErrorCode::io:
      return "io";
  }
  return "unknown";
}

}  // namespace weir
