#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "dispatcher/device/parts.h"
#include "dispatcher/http/spool.h"
#include "protocol/mdm/report.h"
#include "storage/store.h"

// A report that is too long for memory (docs/decisions/0012): from its file to the store.
namespace reveille::device {

bool ends_its_command(mdm::Status status);

// Errors: malformed; unavailable.
Result<mdm::Report> parse_in_file(const http::SpoolFile& body);

storage::UploadId draw_upload(RandomSource& random);

// Puts the pieces of the report in the store, for the run_exchange() that names the upload. Of a
// caller who may not speak for the enrolment, and for a command that is not live, none is put: what
// that means is for run_exchange() to say. After an error none is left, or it is dropped at the
// next start.
boost::asio::awaitable<Result<void>> put_pieces(Parts& parts, const mdm::Report& report,
                                                storage::Sha256 certificate,
                                                std::shared_ptr<const http::SpoolFile> body,
                                                storage::UploadId upload);

// What no report followed.
boost::asio::awaitable<void> drop_pieces(Parts& parts, const mdm::Report& report,
                                         storage::UploadId upload);

}  // namespace reveille::device
