#include "tools/simulators/apns/scenario.h"

namespace reveille::simulators::apns {

std::string_view example_scenario() {
  return R"toml(# A scenario for reveille-apns: how Apple behaves, and when that changes.
# Every key is shown; what is left out is as its comment says. Times are in the unit of their name.

seed = 1        # of all dice: the same seed and the same order of pushes give the same day
repeat = false  # begin again with the first phase after the last; otherwise the last one stays
starts = "at_once"  # or "with_first_push": the first phase lasts until then, and its time on top

# What holds in every phase, unless the phase says otherwise. A phase that has one of these tables
# replaces the keys that it names; a phase with any [[phase.push]] replaces all of [[always.push]].

[always.settings]
streams_max = 1000                # SETTINGS_MAX_CONCURRENT_STREAMS; a phase that changes it tells
                                  # open connections
stream_window_bytes = 65535       # SETTINGS_INITIAL_WINDOW_SIZE; small ones split bodies, 0 starves
connection_window_bytes = 65535   # never less: HTTP/2 begins there
header_list_bytes_max = 8000      # SETTINGS_MAX_HEADER_LIST_SIZE
window_updates = "half"           # half (of a window is used), each (DATA frame), late, never
window_update_delay_ms = 0        # with late: so long after the bytes came

[always.latency]                  # before each answer; one of these four, none by default:
fixed_ms = 5
# uniform_ms = [5, 50]
# lognormal_ms = { median = 20, p99 = 300 }
# percentiles_ms = [[0.5, 10], [0.9, 40], [0.99, 300], [1.0, 2000]]   # [share, at most so long]

[always.goaway]
after_streams = 0                 # of a connection; 0: not for that reason
after_seconds = 0                 # of a connection's life; 0: not for that reason
leaves = 0                        # so many of the newest open streams are above the last id: they
                                  # were not processed, the provider has to send them again
announced = false                 # true: two GOAWAYs, the first with the highest id there is
second_after_ms = 100             # between the two
reason = "Shutdown"               # {"reason": ...} in the debug data; "" leaves that out
code = "NO_ERROR"                 # RFC 9113 section 7
then = "drain"                    # drain (close when all is answered), linger (stay open), cut

[always.connection]
share = 1.0                       # of all connections have these faults
half_open = "no"                  # reads_nothing, answers_nothing: PINGs are not answered either
half_open_after_seconds = 0       # of the connection's life
answers_pings = true              # false: only PINGs go unanswered
stall_after_bytes = 0             # send nothing more once so many bytes were sent (inside TLS: it
                                  # may fall anywhere in a frame), read on; 0: never
cut_after_bytes = 0               # end the connection then instead
cut_after_bytes_read = 0          # the same for received ones
cut = "end"                       # end (FIN, no close_notify), reset (RST)

[always.handshake]
accept_delay_ms = 0               # before a connection is accepted, one after the other
delay_ms = 0                      # between the TCP and the TLS handshake
cut = "no"                        # then, instead of TLS's: end (FIN), reset (RST)
alert = ""                        # about the client's certificate: certificate_expired,
                                  # certificate_revoked, unknown_ca, bad_certificate; about nothing:
                                  # handshake_failure, internal_error
certificate = "good"              # self_signed: one of nobody's, for another name; other: these
certificate_file = ""             # PEM chain, relative to this file
key_file = ""

# What happens to single pushes instead of the answer that Apple's rules give. They are tried in the
# order written; the first whose tokens match and whose dice fall is taken.

[[always.push]]
do = "answer"                     # answer, refuse (REFUSED_STREAM), reset, stall (never answered),
                                  # cut (the connection ends)
rate = 0.001                      # of the pushes that match; 1 by default
tokens = ["00ff*", "0123abcd"]    # by name, or by how they begin; all by default
times = 1000                      # at most so often over all connections, counted anew each time
                                  # that a phase begins; without: no limit
reason = "TooManyRequests"        # of Apple's list
status = 429                      # by default the reason's
body = "json"                     # none, text (no JSON), unknown_reason
retry_after_seconds = 30          # adds Retry-After; without: none

[[always.push]]
do = "answer"
rate = 0.001
reason = "Unregistered"
unregistered_seconds_ago = 3600   # 410: the timestamp; negative: in the future

[[always.push]]
do = "reset"
rate = 0.001
code = "INTERNAL_ERROR"           # RFC 9113 section 7
processed = true                  # the device gets it, the provider does not hear of it: what it
                                  # sends again is a double that it could not avoid

[[always.push]]
do = "cut"
rate = 0.0001
answer_bytes = 20                 # of the answer that still go out
processed = false

[[always.push]]
do = "stall"
rate = 0.0001
answer_bytes = 9                  # the connection sends nothing more behind so many bytes of the
                                  # answer, until the next phase; 0: this push alone has no answer

# Parts of the day, one after the other. Without any, [always] is all there is.

[[phase]]
name = "quiet"
duration_seconds = 30             # the last phase needs none, unless the day repeats

[[phase]]
name = "busy"
duration_seconds = 20
[phase.settings]
streams_max = 10
[phase.latency]
lognormal_ms = { median = 50, p99 = 1000 }

[[phase]]
name = "restart"
duration_seconds = 5
listening = false                 # connecting is refused
connections = "cut"               # what becomes of open ones when it begins: keep, goaway, cut

[[phase]]
name = "recovered"
)toml";
}

}  // namespace reveille::simulators::apns
