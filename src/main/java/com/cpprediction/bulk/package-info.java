/**
 * Long runs over files against a running service, that go on where they were interrupted: {@code
 * bulk} predicts a file of shipments. Start at {@link com.cpprediction.bulk.BulkRun}.
 */
@NullMarked
package com.cpprediction.bulk;

import org.jspecify.annotations.NullMarked;
