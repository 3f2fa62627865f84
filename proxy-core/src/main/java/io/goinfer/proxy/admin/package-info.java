/**
 * Administration on this machine: the Unix socket, its client, its commands. Blocking executor.
 */
@NullMarked
package io.goinfer.proxy.admin;

import org.jspecify.annotations.NullMarked;
