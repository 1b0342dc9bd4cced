package org.elasticsearch.xpack.sawmill;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.xpack.security.Security;

/**
 * X-Pack security less SAML and OpenID Connect, whose libraries are not on Maven Central.
 * Elasticsearch lets only classes below {@code org.elasticsearch.xpack} take the place of its security.
 */
public final class SecurityWithoutSaml extends Security {
    public SecurityWithoutSaml(Settings settings) {
        super(settings);
    }

    @Override
    public List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> getActions() {
        return super.getActions().stream().filter(action -> isComplete(action.getTransportAction())).toList();
    }

    @Override
    public List<RestHandler> getRestHandlers(Settings settings, NamedWriteableRegistry registry,
            RestController controller, ClusterSettings clusterSettings, IndexScopedSettings indexSettings,
            SettingsFilter filter, IndexNameExpressionResolver resolver, Supplier<DiscoveryNodes> nodes,
            Predicate<NodeFeature> feature) {
        return super.getRestHandlers(settings, registry, controller, clusterSettings, indexSettings, filter, resolver,
            nodes, feature).stream().filter(handler -> isComplete(handler.getClass())).toList();
    }

    private static boolean isComplete(Class<?> type) {
        String name = type.getName().toLowerCase(Locale.ROOT);
        return !name.contains("saml") && !name.contains("oidc");
    }
}
