#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatcher/admin/parts.h"
#include "protocol/http/message.h"

// What the router's table calls, one function for each method of a resource.
namespace reveille::admin {

using Reply = boost::asio::awaitable<http::Response>;

// NanoMDM's: paths, statuses and JSON of nanomdm-api.md sections 1 to 4. {ids}: the path's rest.
Reply show_version(const Parts& parts, const Exchange& exchange);
Reply enqueue(const Parts& parts, const Exchange& exchange);  // enqueue.cpp
Reply push(const Parts& parts, const Exchange& exchange);     // push.cpp
Reply store_push_certificate(const Parts& parts,
                             const Exchange& exchange);  // push_certificates.cpp
Reply show_push_certificate(const Parts& parts, const Exchange& exchange);

// Ours.
Reply list_push_certificates(const Parts& parts, const Exchange& exchange);
Reply show_status(const Parts& parts, const Exchange& exchange);      // status.cpp
Reply list_enrolments(const Parts& parts, const Exchange& exchange);  // enrolments.cpp
Reply show_enrolment(const Parts& parts, const Exchange& exchange);
Reply create_command(const Parts& parts, const Exchange& exchange);  // commands.cpp
Reply create_wakes(const Parts& parts, const Exchange& exchange);
Reply show_delivery(const Parts& parts, const Exchange& exchange);  // deliveries.cpp
Reply show_result(const Parts& parts, const Exchange& exchange);
Reply cancel_delivery(const Parts& parts, const Exchange& exchange);
Reply create_batch(const Parts& parts, const Exchange& exchange);  // batches.cpp
Reply list_batches(const Parts& parts, const Exchange& exchange);
Reply show_batch(const Parts& parts, const Exchange& exchange);
Reply pause_batch(const Parts& parts, const Exchange& exchange);
Reply resume_batch(const Parts& parts, const Exchange& exchange);
Reply cancel_batch(const Parts& parts, const Exchange& exchange);
Reply list_certificates(const Parts& parts, const Exchange& exchange);  // certificates.cpp
Reply show_certificate(const Parts& parts, const Exchange& exchange);
Reply revoke_certificate(const Parts& parts, const Exchange& exchange);
Reply revoke_certificates_of_enrolment(const Parts& parts, const Exchange& exchange);
Reply create_enrolment_links(const Parts& parts, const Exchange& exchange);  // enrolment_links.cpp

}  // namespace reveille::admin
