#include "tools/reveille/configuration_options.h"

namespace reveille {

namespace {

constexpr Range port_range{0, 65'535};
constexpr Range day_of_seconds{1, 86'400};

void visit_device(Configuration::Device& device, OptionVisitor& visitor) {
  visitor.section("device", "Where devices come: enrolment, check-in, commands. Always HTTPS.");
  visitor.text("listen_address", device.listen_address, "An IPv4 or IPv6 address of this machine.");
  visitor.number("port", device.port, port_range, "0: any free port; the log says which.");
  visitor.text("public_url", device.public_url,
               "The URL that devices know this server by, without a path: it goes into every\n"
               "enrolment profile and must not change afterwards. Empty: https://localhost and\n"
               "the port, good for trying out only.");
  visitor.path("certificate_file", device.certificate_file,
               "PEM: the server's certificate, then its intermediates. Empty: a development\n"
               "certificate for the host of public_url is issued by this server's own authority.\n"
               "SIGHUP reads the file again.");
  visitor.path("key_file", device.key_file, "PEM: the certificate's private key, unencrypted.");
  visitor.number("connections_max", device.connections_max, {1, 1'000'000},
                 "Open at once in each network lane; more are closed at once.");
  visitor.number("body_mebibytes_max", device.body_mebibytes_max, {1, 1'024},
                 "Of one request; larger ones are answered 413.");
  visitor.number("bodies_mebibytes_max", device.bodies_mebibytes_max, {2, 1'048'576},
                 "Of all requests that are arriving or being answered, in each network lane; what\n"
                 "finds no room is answered 503. At least twice body_mebibytes_max.");
  visitor.number("spool_mebibytes_max", device.spool_mebibytes_max, {1, 1'048'576},
                 "Of devices' answers longer than 256 KiB, which wait in files in the state's\n"
                 "folder until they are whole; what finds no room is answered 503. At least\n"
                 "body_mebibytes_max.");
  visitor.number("request_timeout_seconds", device.request_timeout_seconds, day_of_seconds,
                 "From a request's first byte to its last.");
  visitor.number("idle_timeout_seconds", device.idle_timeout_seconds, day_of_seconds,
                 "Between two requests of one connection.");
  visitor.text(
      "trusted_proxies", device.trusted_proxies,
      "Addresses or networks, by commas: \"192.0.2.7, 10.0.0.0/8\". What these send in the\n"
      "header below is believed to be the device's certificate. They must set it, or take\n"
      "it away, in every request. \"unix\": whoever reaches proxied.socket_path.");
  visitor.text("proxy_certificate_header", device.proxy_certificate_header,
               "The one header that is read: URL-escaped PEM or the form of RFC 9440. Empty:\n"
               "Client-Cert (RFC 9440).");
  visitor.flag(
      "proxy_protocol", device.proxy_protocol,
      "What comes from trusted_proxies to this port begins with a PROXY header (version 1\n"
      "or 2), as from a load balancer that passes TLS through.");
}

void visit_proxied(Configuration::Proxied& proxied, OptionVisitor& visitor) {
  visitor.section("proxied",
                  "Plain HTTP for proxies that end TLS: only device.trusted_proxies may connect.");
  visitor.text("listen_address", proxied.listen_address,
               "An IPv4 or IPv6 address of this machine. Empty: no port.");
  visitor.number("port", proxied.port, port_range, "0: any free port; the log says which.");
  visitor.path(
      "socket_path", proxied.socket_path,
      "A Unix socket instead, or as well; needs \"unix\" in trusted_proxies. Empty: none.");
  visitor.choice(
      "socket_access", proxied.socket_access, {"owner", "group", "everyone"},
      "Who may connect to it, by the file's mode: 0600, 0660 or 0666. A folder can keep\n"
      "others out, too.");
  visitor.flag("proxy_protocol", proxied.proxy_protocol,
               "Connections begin with a PROXY header; it names the device in the log.");
}

void visit_operators(Configuration::Operators& operators, OptionVisitor& visitor) {
  visitor.section(
      "operators",
      "The operators' HTTP API, for scripts and programs. Closed unless there is a key.");
  visitor.text("listen_address", operators.listen_address,
               "An IPv4 or IPv6 address of this machine.");
  visitor.number("port", operators.port, port_range, "0: any free port; the log says which.");
  visitor.path("certificate_file", operators.certificate_file,
               "PEM. Empty: plain HTTP, for a loopback address or behind a proxy.");
  visitor.path("key_file", operators.key_file, "PEM: the certificate's private key, unencrypted.");
  visitor.text("api_key", operators.api_key,
               "At least 16 characters. Sent as HTTP Basic, user \"nanomdm\", by its users.");
  visitor.path("api_keys_file", operators.api_keys_file,
               "Instead of api_key: a file with one key a line; lines that begin with # are\n"
               "skipped. Several keys let you replace one without a gap.");
  visitor.number("connections_max", operators.connections_max, {1, 100'000}, "Open at once.");
  visitor.number("push_wait_seconds", operators.push_wait_seconds, {1, 600},
                 "How long an answer waits for what APNs says to its pushes.");
}

void visit_apns(Configuration::Apns& apns, OptionVisitor& visitor) {
  visitor.section("apns", "Apple's push service, over HTTP/2.");
  visitor.text("host", apns.host, "");
  visitor.number("port", apns.port, {1, 65'535}, "443, or 2197 where 443 is closed.");
  visitor.path("anchors_file", apns.anchors_file,
               "PEM: the roots that APNs' certificate must chain to. Empty: the system's.");
  visitor.number("connections_max", apns.connections_max, {1, 64},
                 "One at rest, more while pushes wait although every stream is taken.");
  visitor.number("streams_per_connection_max", apns.streams_per_connection_max, {1, 100'000},
                 "Pushes in flight on one connection; what APNs allows is obeyed as well.");
  visitor.number("new_connections_per_minute_max", apns.new_connections_per_minute_max, {1, 600},
                 "Begun, of each address that is tried, whatever goes wrong: Apple takes rapid\n"
                 "reconnecting for an attack.");
  visitor.text("proxy_host", apns.proxy_host, "An HTTP proxy to CONNECT through. Empty: none.");
  visitor.number("proxy_port", apns.proxy_port, {1, 65'535}, "");
  visitor.number("queue_pushes_max", apns.queue_pushes_max, {1, 1'000'000},
                 "Pushes that wait for a stream; the rest waits in the store.");
  visitor.number("push_timeout_seconds", apns.push_timeout_seconds, {1, 600},
                 "From handing over a push to giving it up for now.");
  visitor.number("answer_timeout_seconds", apns.answer_timeout_seconds, {1, 600},
                 "Of one attempt; then its stream is reset and the push is sent again.");
  visitor.number(
      "attempts_max", apns.attempts_max, {1, 100},
      "Of a push whose stream was reset, lost or not answered. Refused ones do not count.");
  visitor.number("connect_timeout_seconds", apns.connect_timeout_seconds, {1, 600},
                 "DNS, TCP, proxy and TLS together.");
  visitor.number(
      "reconnect_first_seconds", apns.reconnect_first_seconds, {1, 3'600},
      "Bound of the random pause after a connection that failed; it doubles each time up\n"
      "to reconnect_seconds_max.");
  visitor.number("reconnect_seconds_max", apns.reconnect_seconds_max, {1, 86'400}, "");
  visitor.number("certificate_retry_seconds", apns.certificate_retry_seconds, day_of_seconds,
                 "No connection is tried for so long after APNs refused the push certificate,\n"
                 "unless another one comes.");
  visitor.number("ping_after_seconds", apns.ping_after_seconds, {1, 3'600},
                 "Of silence while pushes are in flight, until APNs is asked whether it is there.");
  visitor.number("ping_idle_seconds", apns.ping_idle_seconds, {1, 86'400},
                 "The same with none in flight. Apple asks for rare ones, such as one an hour.");
  visitor.number("ping_timeout_seconds", apns.ping_timeout_seconds, {1, 600},
                 "Without an answer the connection is dead and its pushes go elsewhere.");
  visitor.number("grow_after_milliseconds", apns.grow_after_milliseconds, {1, 600'000},
                 "How long pushes wait for a stream before one more connection is made.");
  visitor.number("shrink_after_seconds", apns.shrink_after_seconds, day_of_seconds,
                 "Of little load, until one connection is given back.");
}

void visit_wake(Configuration::Wake& wake, OptionVisitor& visitor) {
  visitor.section("wake", "When devices are pushed.");
  visitor.numbers("silence_seconds", wake.silence_seconds, {1, 31'536'000},
                  "How long a silent device is left in peace after each push while it has work;\n"
                  "the last one repeats, until long_silence_days.");
  visitor.number("long_silence_days", wake.long_silence_days, {0, 3'650},
                 "A device that has been silent for so long since it was first pushed is pushed\n"
                 "again only for new work, once each time. 0: there is no end.");
  visitor.number(
      "unreachable_after_days", wake.unreachable_after_days, {0, 3'650},
      "An enrolment whose push token APNs calls dead (410), and that is not heard of for\n"
      "so long since, ends as unreachable: its queue is void, its secrets are gone. A\n"
      "TokenUpdate brings it back, unless it was account-driven. 0: never.");
  visitor.number("pushes_per_second_max", wake.pushes_per_second_max, {0, 1'000'000},
                 "Of one lane. 0: as fast as APNs takes them.");
  visitor.number("topic_pushes_per_second_max", wake.topic_pushes_per_second_max, {0, 1'000'000},
                 "The same of each topic, so that one leaves room for the others.");
  visitor.number("in_flight_max", wake.in_flight_max, {1, 1'000'000},
                 "Wakes of one lane between due and answered.");
  visitor.number("coalescing_seconds", wake.coalescing_seconds, {0, 3'600},
                 "A device that was pushed so recently is not pushed again for further commands.");
  visitor.number("expiration_seconds", wake.expiration_seconds, {0, 2'592'000},
                 "How long APNs keeps a push for a device that is off-line, when some of its\n"
                 "commands never expire. 0: it tries once.");
  visitor.number("expiration_seconds_max", wake.expiration_seconds_max, {0, 2'592'000},
                 "The most, also when all of them expire later, and for the last push before\n"
                 "long_silence_days. APNs itself keeps none longer than 30 days.");
  visitor.number("retry_first_seconds", wake.retry_first_seconds, day_of_seconds,
                 "Until a push that APNs did not answer, or answered with 5xx, is sent again; it\n"
                 "doubles each time up to retry_seconds_max.");
  visitor.number("retry_seconds_max", wake.retry_seconds_max, day_of_seconds, "");
  visitor.number("token_busy_first_seconds", wake.token_busy_first_seconds, day_of_seconds,
                 "Until a device is pushed again for which APNs says 429; it doubles each time.");
  visitor.number("topic_probe_seconds", wake.topic_probe_seconds, day_of_seconds,
                 "How often one push asks whether APNs takes a refused certificate again.");
  visitor.number(
      "requests_max", wake.requests_max, {1, 1'000'000},
      "Wakes that operators asked for by name and one lane lets wait; more wait for room\n"
      "with their requests.");
  visitor.number("answer_seconds", wake.answer_seconds, day_of_seconds,
                 "How long a device may take to answer a command before it is woken again.");
  visitor.number("not_now_promised_seconds", wake.not_now_promised_seconds, {1, 31'536'000},
                 "When a device is woken that said NotNow and should come by itself.");
  visitor.number("not_now_unpromised_seconds", wake.not_now_unpromised_seconds, {1, 31'536'000},
                 "The same, when a later answer took away its promise to come.");
}

void visit_batch(Configuration::Batch& batch, OptionVisitor& visitor) {
  visitor.section("batch", "Commands for large audiences, queued by and by.");
  visitor.number(
      "chunk_enrolments_max", batch.chunk_enrolments_max, {1, 10'000},
      "Queued in one commit, among those of devices: what pausing may still let through.");
  visitor.number("chunks_in_flight_max", batch.chunks_in_flight_max, {1, 16},
                 "Of each storage lane, each of another batch.");
  visitor.number("busy_share_percent", batch.busy_share_percent, {1, 100},
                 "How much of a storage lane's time batches take while devices use it too; alone,\n"
                 "they take all of it.");
  visitor.number("unfinished_max", batch.unfinished_max, {1, 100'000},
                 "Batches that are not at their end; more are refused.");
}

void visit_storage(Configuration::Storage& storage, OptionVisitor& visitor) {
  visitor.section("storage", "The embedded database.");
  visitor.number("lanes", storage.lanes, {1, 16}, "Threads that write; each syncs by itself.");
  visitor.number("block_cache_mebibytes", storage.block_cache_mebibytes, {1, 1'048'576}, "");
  visitor.number("write_buffer_mebibytes", storage.write_buffer_mebibytes, {1, 65'536}, "");
  visitor.number("free_mebibytes_min", storage.free_mebibytes_min, {0, 1'048'576},
                 "Below this much free disk nothing is accepted any more.");
  visitor.number("queue_commands_max", storage.queue_commands_max, {1, 1'000'000},
                 "Commands without an answer, of one enrolment.");
}

void visit_enrolment(Configuration::Enrolment& enrolment, OptionVisitor& visitor) {
  visitor.section("enrolment", "The profile that devices enrol with.");
  visitor.text("organisation", enrolment.organisation, "Shown to users while they enrol.");
  visitor.flag("sign_profile", enrolment.sign_profile,
               "Signs the profile; some tools install only unsigned ones.");
  visitor.flag("sign_message", enrolment.sign_message,
               "Tells devices to sign each message (Mdm-Signature): needed behind a proxy that\n"
               "ends TLS.");
  visitor.number("identity_days", enrolment.identity_days, {1, 3'650},
                 "How long a device's identity certificate is valid.");
  visitor.number("renewal_overlap_days", enrolment.renewal_overlap_days, {0, 365},
                 "How long the certificate before a renewal is accepted beside the new one.");
  visitor.number("link_valid_seconds", enrolment.link_valid_seconds, {60, 31'536'000},
                 "How long an enrolment link works, unless its maker says otherwise.");
  visitor.flag("adopt_unbound", enrolment.adopt_unbound,
               "During a migration: an enrolment that came from another server without a\n"
               "certificate takes the first that shows itself, once. Switch it off afterwards.");
}

void visit_users(Configuration::Users& users, OptionVisitor& visitor) {
  visitor.section("users", "Network users of Macs, who ask to be managed when they log in.");
  visitor.choice("policy", users.policy, {"refuse", "accept", "digest"},
                 "refuse: they are not managed. accept: without a proof. digest: who proves the\n"
                 "password that stands in digest_file.");
  visitor.text("realm", users.realm, "Of the digests; a change makes digest_file useless.");
  visitor.path("digest_file", users.digest_file,
               "One user a line, as `htdigest FILE REALM USER` writes it. As good as passwords.");
  visitor.number("nonce_seconds", users.nonce_seconds, {10, 3'600},
                 "How long a Mac may take to answer the challenge.");
}

void visit_declarations(Configuration::Declarations& declarations, OptionVisitor& visitor) {
  visitor.section("declarations", "Declarative management by another server, such as KMFDDM.");
  visitor.text("url", declarations.url,
               "https or http, with a path that ends in '/': devices' endpoints are put behind it.\n"
               "Empty: not served, devices keep what they have.");
  visitor.path("anchors_file", declarations.anchors_file,
               "PEM: the roots that its certificate must chain to. Empty: the system's.");
  visitor.text("send_key", declarations.send_key,
               "Signs requests in the header X-Hmac-Signature. Empty: they are not signed.");
  visitor.text("receive_key", declarations.receive_key,
               "The same of answers, which must be signed then.");
  visitor.number("timeout_seconds", declarations.timeout_seconds, {1, 60},
                 "From a device's request to its answer.");
}

void visit_tokens(Configuration::Tokens& tokens, OptionVisitor& visitor) {
  visitor.section("tokens", "What devices get by GetToken.");
  visitor.text("maid_server_uuid", tokens.maid_server_uuid,
               "com.apple.maid: the server_uuid of this server in Apple Business or School Manager.");
  visitor.path("maid_key_file", tokens.maid_key_file,
               "PEM: the RSA key whose certificate is registered there, unencrypted.");
  visitor.flag("watch_pairing", tokens.watch_pairing,
               "com.apple.watch.pairing: vouch for the watches of managed phones.");
  visitor.number("watch_pairing_seconds", tokens.watch_pairing_seconds, {30, 86'400},
                 "How long such a token is valid.");
}

void visit_return_to_service(Configuration::ReturnToService& service, OptionVisitor& visitor) {
  visitor.section("return_to_service",
                  "What an erased device of automated enrolment begins with (iOS, visionOS 26).");
  visitor.flag("enabled", service.enabled, "false: the device is told nothing, and stays in setup.");
  visitor.path("wifi_profile_file", service.wifi_profile_file,
               "A profile with the Wi-Fi that it joins; not needed with Ethernet.");
  visitor.path("mdm_profile_file", service.mdm_profile_file,
               "The enrolment profile, where the device cannot fetch it by itself.");
}

}  // namespace

void visit_options(Configuration& configuration, OptionVisitor& visitor) {
  visitor.section("state", "What survives a restart.");
  visitor.path("folder", configuration.state.folder,
               "The database, this server's own authority and the key that seals secrets at rest.\n"
               "Back it up as a whole.");
  visit_device(configuration.device, visitor);
  visit_proxied(configuration.proxied, visitor);
  visit_operators(configuration.operators, visitor);
  visitor.section("admin", "The Unix socket of reveillectl: for root and the daemon's own user.");
  visitor.path("socket_path", configuration.admin.socket_path, "Its folder must exist.");
  visit_apns(configuration.apns, visitor);
  visit_wake(configuration.wake, visitor);
  visit_batch(configuration.batch, visitor);
  visit_storage(configuration.storage, visitor);
  visitor.section("network", "The threads that own sockets.");
  visitor.number("lanes", configuration.network.lanes, {0, 256}, "0: one for each core.");
  visit_enrolment(configuration.enrolment, visitor);
  visit_users(configuration.users, visitor);
  visit_declarations(configuration.declarations, visitor);
  visit_tokens(configuration.tokens, visitor);
  visit_return_to_service(configuration.return_to_service, visitor);
  visitor.section("log", "Lines on standard error.");
  visitor.choice("level", configuration.log.level, {"debug", "info", "warning", "error"}, "");
  visitor.choice("format", configuration.log.format, {"auto", "text", "json"},
                 "text: for people. json: one object a line. auto: text on a terminal.");
}

}  // namespace reveille
