#include "bench/unit_costs.h"
#include "dispatcher/apns/push_request.h"

namespace reveille::bench {
namespace {

// What does it take to make a push's header fields and payload? What HTTP/2 makes of them is
// BM_Requests' question.
void BM_PreparePush(benchmark::State& state) {
  apns::PushRequest request("api.push.apple.com",
                            "com.apple.mgmt.External.7b1c4e90-0000-4000-8000-00000000000a",
                            "5f0e1d2c-3b4a-4958-8776-");
  const apns::Notification notification{
      .push_token = {.bytes = Bytes(32, '\x5A')},
      .push_magic = {.text = "0A0B0C0D-0001-4000-8000-000000000001"},
      .expiration = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000))};
  std::uint64_t number = 0;
  measure_units(state, 1'024, [&] {
    request.prepare(notification, number++);
    benchmark::DoNotOptimize(request.headers().data());
    benchmark::DoNotOptimize(request.payload().data());
  });
}
BENCHMARK(BM_PreparePush);

}  // namespace
}  // namespace reveille::bench
