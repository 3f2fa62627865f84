// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.util.List;
import java.util.Set;

/**
 * One model as clients see it.
 *
 * @param json the row of /v1/models, as JSON
 * @param places empty when every place is gone
 * @param owners names of all that have it, there or not
 * @param listed false: known, but gone for more than a minute
 */
public record Model(String id, String json, List<Place> places, Set<String> owners, boolean listed) {
    public Model {
        places = List.copyOf(places);
        owners = Set.copyOf(owners);
    }
}
