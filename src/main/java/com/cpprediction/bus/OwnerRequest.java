package com.cpprediction.bus;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import java.util.List;
import java.util.Objects;

/**
 * Addresses of one prefix for the node that owns it; the reply is an {@link OwnerReply}, or {@link
 * Failure#NOT_READY} when that node does not serve the prefix with this release now.
 *
 * @param release id of the release to serve with
 * @param addresses at least one
 * @param byPincode whether {@code prefix} was read from the first pincode of each address alone:
 *     the node must read the same one
 * @param explain whether to explain the scores as well
 * @param wrongPincodes shares of wrong pincodes to explain with
 * @param deadline until when the caller waits; on the wire it is what remained when it was sent
 */
public record OwnerRequest(
    String prefix,
    String release,
    List<Address> addresses,
    boolean byPincode,
    boolean explain,
    PincodeErrors wrongPincodes,
    Deadline deadline) {
  public OwnerRequest {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(release, "release");
    Objects.requireNonNull(deadline, "deadline");
    addresses = List.copyOf(addresses);
    if (addresses.isEmpty()) throw new IllegalArgumentException("no address to look up");
  }

  /** The same, to be served until then. */
  public OwnerRequest until(Deadline another) {
    return new OwnerRequest(prefix, release, addresses, byPincode, explain, wrongPincodes, another);
  }
}
