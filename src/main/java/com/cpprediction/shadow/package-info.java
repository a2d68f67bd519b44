/**
 * A second release beside the one that serves: it scores predictions after they were sent, and the
 * differences are counted and stored. Start at {@link com.cpprediction.shadow.ShadowRelease}.
 */
@NullMarked
package com.cpprediction.shadow;

import org.jspecify.annotations.NullMarked;
