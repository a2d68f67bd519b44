/**
 * Authentication and authorization of callers: who a token belongs to, and which roles it grants.
 * Start at {@link com.cpprediction.auth.Callers}.
 */
@NullMarked
package com.cpprediction.auth;

import org.jspecify.annotations.NullMarked;
