#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "protocol/plist/value.h"
#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/setup_assistant.h"

// Messages as protocol.md sections 1, 3 and 4 have them, for each kind of speaker.
namespace reveille::simulators::device {

// What a user channel adds to each message after UserAuthenticate gave it one.
using OptionalAuthToken = std::optional<std::string>;

struct PushAddress {
  Bytes token;
  std::string magic;
};

enum class AwaitingConfiguration { no, yes };

Bytes authenticate_body(const Speaker& speaker, const std::string& serial_number,
                        const std::string& topic);
Bytes token_update_body(const Speaker& speaker, const std::string& topic,
                        const PushAddress& address, const OptionalAuthToken& auth_token = {},
                        AwaitingConfiguration awaiting = AwaitingConfiguration::no);
Bytes check_out_body(const Speaker& speaker, const std::string& topic);

// `response`: the second message of a login; empty in the first.
Bytes user_authenticate_body(const Speaker& speaker, const std::string& response);
Bytes set_bootstrap_token_body(const Speaker& speaker, BytesView token);
Bytes get_bootstrap_token_body(const Speaker& speaker);
Bytes get_token_body(const Speaker& speaker, const std::string& service,
                     const OptionalAuthToken& auth_token);
Bytes declarations_body(const Speaker& speaker, const std::string& endpoint,
                        const std::optional<Bytes>& data, const OptionalAuthToken& auth_token);

Bytes return_to_service_body(const Speaker& speaker);

Bytes idle_body(const Speaker& speaker, const OptionalAuthToken& auth_token = {},
                Occasion occasion = Occasion::ordinary);
// `padding_bytes`: how much a large result has beyond the usual.
Bytes report_body(const Speaker& speaker, mdm::Status status, const mdm::Command& command,
                  std::size_t padding_bytes = 0, const OptionalAuthToken& auth_token = {},
                  Occasion occasion = Occasion::ordinary);

}  // namespace reveille::simulators::device
