/**
 * File permissions: the service's files are accessible to its own user only. Start with {@link
 * com.cpprediction.files.OwnerOnly}.
 */
@NullMarked
package com.cpprediction.files;

import org.jspecify.annotations.NullMarked;
