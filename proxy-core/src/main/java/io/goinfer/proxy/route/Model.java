// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.util.List;

/**
 * One model as clients see it.
 *
 * @param json the row of /v1/models, as JSON
 * @param places empty when every place is gone
 * @param listed false: known, but gone for more than a minute
 */
public record Model(String id, String json, List<Place> places, boolean listed) {
    public Model {
        places = List.copyOf(places);
    }
}
