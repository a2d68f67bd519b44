package com.cpprediction.serving;

import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.serving.ScoringWorkers.Lane;
import java.util.List;

/**
 * Addresses of one prefix to look up.
 *
 * @param lease held by the caller until all results are there or it gave up
 * @param release id of the release to serve with; another one than that of {@code lease} where only
 *     other nodes can serve the request, with theirs
 * @param prefix must be in {@code lease}
 * @param addresses at least one
 * @param byPincode whether {@code prefix} was read from the first pincode of each address alone
 * @param explain whether to explain the results as well
 * @param ahead whether no request waits for them, so that they count as neither hit nor miss here
 * @param wrongPincodes shares of wrong pincodes to explain with
 * @param lane in which what has to be scored here waits for a worker
 */
public record LookupQuery(
    ServingRelease lease,
    String release,
    String prefix,
    List<Address> addresses,
    boolean byPincode,
    boolean explain,
    boolean ahead,
    PincodeErrors wrongPincodes,
    Deadline deadline,
    Lane lane) {
  /** Whether this node can serve it. */
  boolean local() {
    return release.equals(lease.release()) && lease.here().contains(prefix);
  }
}
