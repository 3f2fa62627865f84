// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.channel.EventLoop;

/** The way to a server that makes room for each request first. */
public final class AdmittedUpstream implements Upstream {
    private final Admission admission;
    private final ByteBudget budget;

    /** @param budget for the bodies of all requests that wait */
    public AdmittedUpstream(Admission admission, ByteBudget budget) {
        this.admission = admission;
        this.budget = budget;
    }

    @Override
    public boolean accepts() {
        return admission.accepts();
    }

    @Override
    public boolean full() {
        return admission.full();
    }

    @Override
    public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
        return new AdmittedStream(head, modelId, loop, response, admission, budget);
    }
}
