package sawmill;

import static org.elasticsearch.rest.RestRequest.Method.DELETE;
import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.PUT;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.action.support.master.AcknowledgedTransportMasterNodeAction;
import org.elasticsearch.action.support.master.TransportMasterNodeReadAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.ClusterStateUpdateTask;
import org.elasticsearch.cluster.block.ClusterBlockException;
import org.elasticsearch.cluster.block.ClusterBlockLevel;
import org.elasticsearch.cluster.health.ClusterStateHealth;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService;
import org.elasticsearch.cluster.metadata.MetadataDataStreamsService;
import org.elasticsearch.cluster.metadata.MetadataIndexTemplateService;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.Priority;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.index.Index;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestUtils;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.TransportService;

/** {@code PUT}, {@code GET} and {@code DELETE _data_stream}: thin doors to the services that the server jar has. */
final class DataStreams {
    private DataStreams() {}

    static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "data_stream_action";
        }

        @Override
        public List<Route> routes() {
            return List.of(
                new Route(GET, "/_data_stream"),
                new Route(GET, "/_data_stream/{name}"),
                new Route(PUT, "/_data_stream/{name}"),
                new Route(DELETE, "/_data_stream/{name}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            String[] names = Strings.splitStringByCommaToArray(request.param("name", ""));
            TimeValue timeout = RestUtils.getMasterNodeTimeout(request);
            return switch (request.method()) {
                case PUT -> {
                    var create = new CreateDataStreamAction.Request(timeout, RestUtils.getAckTimeout(request), names[0]);
                    yield channel ->
                        client.execute(CreateDataStreamAction.INSTANCE, create, new RestToXContentListener<>(channel));
                }
                case DELETE -> {
                    var delete = new DeleteDataStreamAction.Request(timeout, names);
                    delete.indicesOptions(IndicesOptions.fromRequest(request, delete.indicesOptions()));
                    yield channel ->
                        client.execute(DeleteDataStreamAction.INSTANCE, delete, new RestToXContentListener<>(channel));
                }
                default -> {
                    var get = new GetDataStreamAction.Request(timeout, names);
                    get.indicesOptions(IndicesOptions.fromRequest(request, get.indicesOptions()));
                    yield channel ->
                        client.execute(GetDataStreamAction.INSTANCE, get, new RestToXContentListener<>(channel));
                }
            };
        }
    }

    public static final class Get
            extends TransportMasterNodeReadAction<GetDataStreamAction.Request, GetDataStreamAction.Response> {
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Get(TransportService transport, ClusterService cluster, ThreadPool threads, ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(GetDataStreamAction.NAME, transport, cluster, threads, filters, GetDataStreamAction.Request::new,
                in -> { throw new UnsupportedOperationException("the tests run a single node"); },
                threads.executor(ThreadPool.Names.MANAGEMENT));
            this.resolver = resolver;
        }

        @Override
        protected void masterOperation(Task task, GetDataStreamAction.Request request, ClusterState state,
                ActionListener<GetDataStreamAction.Response> listener) {
            listener.onResponse(new GetDataStreamAction.Response(
                resolver.dataStreamNames(state, request.indicesOptions(), request.getNames()).stream()
                    .sorted()
                    .map(name -> info(name, state))
                    .toList()));
        }

        private static GetDataStreamAction.Response.DataStreamInfo info(String name, ClusterState state) {
            DataStream stream = state.metadata().dataStreams().get(name);
            String[] indices = stream.getIndices().stream().map(Index::getName).toArray(String[]::new);
            return new GetDataStreamAction.Response.DataStreamInfo(stream, false,
                new ClusterStateHealth(state, indices).getStatus(),
                MetadataIndexTemplateService.findV2Template(state.metadata(), name, false),
                null, null, Map.of(), true, null, null);
        }

        @Override
        protected ClusterBlockException checkBlock(GetDataStreamAction.Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_READ);
        }
    }

    public static final class Create extends AcknowledgedTransportMasterNodeAction<CreateDataStreamAction.Request> {
        private final MetadataCreateDataStreamService service;

        @Inject
        public Create(TransportService transport, ClusterService cluster, ThreadPool threads, ActionFilters filters,
                MetadataCreateDataStreamService service) {
            super(CreateDataStreamAction.NAME, transport, cluster, threads, filters,
                CreateDataStreamAction.Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.service = service;
        }

        @Override
        protected void masterOperation(Task task, CreateDataStreamAction.Request request, ClusterState state,
                ActionListener<AcknowledgedResponse> listener) {
            service.createDataStream(new MetadataCreateDataStreamService.CreateDataStreamClusterStateUpdateRequest(
                request.getName()), listener);
        }

        @Override
        protected ClusterBlockException checkBlock(CreateDataStreamAction.Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }
    }

    public static final class Delete extends AcknowledgedTransportMasterNodeAction<DeleteDataStreamAction.Request> {
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Delete(TransportService transport, ClusterService cluster, ThreadPool threads, ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(DeleteDataStreamAction.NAME, transport, cluster, threads, filters,
                DeleteDataStreamAction.Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.resolver = resolver;
        }

        @Override
        protected void masterOperation(Task task, DeleteDataStreamAction.Request request, ClusterState state,
                ActionListener<AcknowledgedResponse> listener) {
            clusterService.submitUnbatchedStateUpdateTask("remove-data-stream",
                new ClusterStateUpdateTask(Priority.HIGH, request.masterNodeTimeout()) {
                    @Override
                    public ClusterState execute(ClusterState current) {
                        return without(request, current);
                    }

                    @Override
                    public void onFailure(Exception e) {
                        listener.onFailure(e);
                    }

                    @Override
                    public void clusterStateProcessed(ClusterState before, ClusterState after) {
                        listener.onResponse(AcknowledgedResponse.TRUE);
                    }
                });
        }

        private ClusterState without(DeleteDataStreamAction.Request request, ClusterState state) {
            var streams = resolver.dataStreamNames(state, request.indicesOptions(), request.getNames()).stream()
                .map(name -> state.metadata().dataStreams().get(name))
                .collect(Collectors.toSet());
            return MetadataDataStreamsService.deleteDataStreams(state, streams, clusterService.getSettings());
        }

        @Override
        protected ClusterBlockException checkBlock(DeleteDataStreamAction.Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }
    }
}
