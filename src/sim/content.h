#pragma once
// The bodies of the simulated world: bytes that follow from what was asked, so that whoever
// receives them can tell a torn or foreign body from the right one without having been told.
//
//   /private/ID/SIZE   follows from the target and the asker's secret
//   /shared/ID/SIZE    follows from the target alone; may be cached
//
// Fields of the simulated world: x-sim-secret (request: the asker's secret), x-sim-body (request:
// size of its body), x-sim-echo and x-sim-target (answer: whom and what it is for).

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sim {

inline constexpr std::string_view secret_field = "x-sim-secret", body_field = "x-sim-body",
                                  echo_field = "x-sim-echo", target_field = "x-sim-target",
                                  trailer_field = "x-sim-trailer";

// `size` bytes for a request's body.
std::string request_content(std::string_view target, std::string_view secret, uint64_t size);
// The right answer to `target`; its size is in the target.
std::string answer_content(std::string_view target, std::string_view secret);
// What the answer's echo field holds: the secret, or nothing about the asker where all share it.
std::string_view echo_for(std::string_view target, std::string_view secret);
// The SIZE of a target; 0 when it has none.
uint64_t answer_size(std::string_view target);

}  // namespace weir::sim
