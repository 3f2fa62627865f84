/**
 * The node's side of the tunnel: enrolment, dialling, registering, serving exchanges. Start at {@link io.goinfer.proxy.agent.NodeAgent}.
 */
@NullMarked
package io.goinfer.proxy.agent;

import org.jspecify.annotations.NullMarked;
