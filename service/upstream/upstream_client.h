// The upstream as the dispatcher sees it: one POST in, one classified result out.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "service/base/secret.h"
#include "service/domain/attempt_result.h"
#include "service/upstream/credential.h"

namespace genledger {

struct PostRequest {
  // The Idempotency-Key header: visible ASCII. Empty: the header is not sent.
  std::string idempotency_key;
  // Sent byte for byte.
  std::string body;
  // The key whose fingerprint the attempt recorded. Empty: no Authorization header.
  Secret api_key;
  // When the answer must be there: bounds everything, waiting for a connection included. The
  // client's own total timeout, counted from Post(), applies if it is sooner.
  absl::Time deadline = absl::InfiniteFuture();
  // The last moment at which the first byte may be written (the lease with its margin). Checked
  // just before that byte; later than this, nothing is sent.
  absl::Time start_by = absl::InfiniteFuture();
};

// Thread safe. One instance talks to one base URL for its whole life.
class UpstreamClient {
 public:
  using Done = absl::AnyInvocable<void(AttemptResult)>;

  virtual ~UpstreamClient() = default;

  // Sends `request` at most once: no retry, no redirect, and no second try on another connection
  // once a byte was written. Never blocks. `done` runs exactly once for every Post, never inside
  // the call of Post, on the transport's own thread: it must be short, must not wait for another
  // Post, and may call Post. Failures are results too: see AttemptClass.
  virtual void Post(PostRequest request, Done done) = 0;

  // The URL that the path of the API is appended to, without a trailing slash: what attempts
  // record.
  virtual const std::string& base_url() const = 0;

  // The keys in force, in the order in which they are to be tried. The dispatcher picks one,
  // records its fingerprint with the attempt and passes it to Post, so that a key that is replaced
  // in between does not change whose money an attempt was.
  virtual UpstreamCredentials credentials() const = 0;

  // Starts no further POST: those waiting and those that come later end as kNotSent. POSTs under
  // way get `grace` to finish, and are then given up: kNotSent if no byte was written, else
  // kAmbiguous. Returns once every Done of an earlier Post has run. Not to be called from a Done.
  // The destructor is Shutdown(0) and then the end: no Post may come during or after it.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace genledger
