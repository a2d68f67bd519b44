/**
 * Permissions of files: what the service keeps is its own user's alone. Start with {@link
 * com.cpprediction.files.OwnerOnly}.
 */
@NullMarked
package com.cpprediction.files;

import org.jspecify.annotations.NullMarked;
