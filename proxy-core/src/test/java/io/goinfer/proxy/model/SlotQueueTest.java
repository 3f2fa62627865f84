// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotQueueTest {
    private final SlotQueue queue = new SlotQueue();
    private final List<SlotQueue.Entry> granted = new ArrayList<>();

    private static final class Request implements SlotQueue.Entry {
        private final boolean inference;
        private int weight;

        Request(boolean inference, int weight) {
            this.inference = inference;
            this.weight = weight;
        }

        @Override
        public boolean inference() {
            return inference;
        }

        @Override
        public int weight() {
            return weight;
        }
    }

    private Request add(boolean inference, int weight) {
        Request request = new Request(inference, weight);
        queue.add(request);
        queue.fill(granted::add);
        return request;
    }

    private void done(Request request) {
        queue.done(request);
        queue.fill(granted::add);
    }

    @Test
    void noMoreThanThereAreSlotsInTheOrderInWhichTheyCame() {
        queue.slots(2);
        Request a = add(true, 1);
        Request b = add(true, 1);
        Request c = add(true, 1);
        assertThat(granted).containsExactly(a, b);
        done(a);
        assertThat(granted).containsExactly(a, b, c);
    }

    @Test
    void weightsCountAndWhatDoesNotFitHoldsUpWhoCameLater() {
        queue.slots(3);
        Request two = add(true, 2);
        Request heavy = add(true, 2);
        Request light = add(true, 1);
        assertThat(granted).containsExactly(two);
        done(two);
        assertThat(granted).containsExactly(two, heavy, light);
        Request more = add(true, 99);
        assertThat(granted).doesNotContain(more);
        done(heavy);
        done(light);
        assertThat(granted).as("more than there are: all of them").contains(more);
        assertThat(queue.used()).isEqualTo(3);
    }

    @Test
    void whatNeedsNoSlotPassesAndWhatIsNotWeighedDoesNotHoldUp() {
        queue.slots(1);
        Request unknown = add(true, 0);
        Request other = add(false, 0);
        Request known = add(true, 1);
        assertThat(granted).containsExactly(other, known);
        done(known);
        assertThat(granted).doesNotContain(unknown);
        unknown.weight = 1;
        queue.fill(granted::add);
        assertThat(granted).contains(unknown);
    }

    @Test
    void whoLeavesMakesRoom() {
        queue.slots(1);
        Request a = add(true, 1);
        Request b = add(true, 1);
        Request c = add(true, 1);
        assertThat(queue.remove(b)).isTrue();
        done(a);
        assertThat(granted).containsExactly(a, c);
        assertThat(queue.remove(a)).isFalse();
    }

    @Test
    void withoutALimitEverybodyRuns() {
        Request a = add(true, 5);
        Request b = add(true, 1);
        assertThat(granted).containsExactly(a, b);
        done(a);
        done(b);
        assertThat(queue.used()).isZero();
    }
}
