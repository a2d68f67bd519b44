/**
 * Who owns which prefix: nodes tell each other what they answer with, each works out by rendezvous
 * hashing what is its own, loads that, and leaves what became another's once that one answers it.
 * Hazelcast knows the members, and is imported here only. Start reading at {@code ClusterVerticle}.
 */
package com.cpprediction.cluster;
