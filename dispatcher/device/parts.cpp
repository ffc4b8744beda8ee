#include "dispatcher/device/parts.h"

#include "dispatcher/device/statuses.h"
#include "dispatcher/enrolment/text_response.h"

namespace reveille::device {

http::Response refuse(Parts& parts, const Refused& refused, const Sender& sender) {
  const int status = status_of(refused.refusal, sender.kind);
  parts.statistics.count(refused.refusal);

  const bool is_ours = status == 500 || status == 503;
  parts.log.write(is_ours ? LogLevel::error : LogLevel::warning, "device refused",
                  {{"reason", name_of(refused.refusal)},
                   {"message", sender.message},
                   {"enrolment", sender.enrolment ? sender.enrolment->text() : std::string()},
                   {"detail", refused.detail},
                   {"status", status},
                   {"address", sender.address}});
  return text_response(status, name_of(refused.refusal));
}

http::Response refuse(Parts& parts, const Error& error, const Sender& sender) {
  const Refused refused{.refusal = refusal_of(error.code), .detail = error.detail};
  return refuse(parts, refused, sender);
}

void tell_of_adoption(Parts& parts, const mdm::EnrolmentId& device) {
  parts.statistics.certificates_adopted.add_one();
  parts.log.info("renewed certificate adopted", {{"enrolment", device.text()}});
}

}  // namespace reveille::device
