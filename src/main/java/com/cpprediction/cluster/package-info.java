/**
 * Ownership of prefixes. Nodes announce the prefixes they serve; each computes its own by
 * rendezvous hashing, loads them, and releases the others once their owners serve them. Hazelcast
 * provides the membership; only this package imports it. Start at {@code ClusterVerticle}.
 */
@NullMarked
package com.cpprediction.cluster;

import org.jspecify.annotations.NullMarked;
