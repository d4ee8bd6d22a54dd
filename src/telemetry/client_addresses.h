#pragma once
// ClientAddresses: what telemetry says of the addresses of clients, which are personal data: spans,
// log events and the access log have them from here. What is sent to origins is not its business.
// A value; reading it is for any thread.

#include "base/address.h"
#include "base/siphash.h"

namespace weir::telemetry {

enum class AddressDetail : uint8_t {
  kept,
  truncated,  // to the network: IPv4 to 24 bits, IPv6 to 48
  hashed,     // 16 digits, the same for one address under one key
  dropped,
};

class ClientAddresses {
 public:
  ClientAddresses() = default;
  ClientAddresses(AddressDetail detail, SipKey key) : detail_(detail), key_(key) {}

  // Writes what is said of `client` to `out`, which has room for 46 bytes; returns the length.
  size_t write(const Address& client, char* out) const {
    const size_t size = client.write_ip(out);
    return detail_ == AddressDetail::kept ? size : hide(out, size);
  }

 private:
  size_t hide(char* text, size_t size) const;

  AddressDetail detail_ = AddressDetail::kept;
  SipKey key_;
};

}  // namespace weir::telemetry
