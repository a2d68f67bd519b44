/**
 * Proves with faults that no answered prediction is lost or stored twice: real, separate processes
 * of the service and of PostgreSQL, a client that keeps a {@link com.cpprediction.chaos.Ledger} of
 * what it sent and what came of it, and an {@link com.cpprediction.chaos.Oracle} that compares the
 * ledger with the table. Start reading at {@link com.cpprediction.chaos.FaultTrial}, and for
 * several nodes at {@link com.cpprediction.chaos.ClusterTrial}.
 *
 * <p>{@code LedgerIT} and {@code ClusterIT} run with every build, the classes named {@code *Chaos}
 * with {@code mvn -B -Pchaos verify}, one of them with {@code -Dit.test=ServiceChaos}. Each prints
 * a line of a table. System properties: {@code ack} ({@code journal} or {@code commit}), {@code
 * rate} (requests per second before, during and after a fault), {@code kills}, {@code cut.step},
 * {@code outage.seconds}, {@code overload.seconds}, {@code hostile.requests}, {@code
 * hostile.assertDelay} ({@code false} accepts event-loop delays of more than 0.1 s; a shared
 * machine stalls for longer), {@code cluster.assertTimes} ({@code false} accepts a recovery that
 * takes longer than promised, for the same reason), {@code soak.minutes}, {@code seed}. What needs
 * a small file system of its own, or network namespaces, is skipped where none may be had.
 */
package com.cpprediction.chaos;
