package cds.hapi;

import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Configuration;

/** FHIR's REST interface to what is stored. */
@Configuration
class Rest {
    @Autowired private IFhirSystemDao<?, ?> systemDao;
    @Autowired private JpaSystemProvider<?, ?> systemProvider;
    @Autowired private ResourceProviderFactory resourceProviders;
    @Autowired private ValueSetOperationProvider valueSets;
    @Autowired private DatabaseBackedPagingProvider paging;
    @Autowired private JpaStorageSettings settings;
    @Autowired private ISearchParamRegistry searchParameters;
    @Autowired private IValidationSupport validation;

    RestfulServer server() {
        var server = new RestfulServer(systemDao.getContext());
        server.registerProviders(resourceProviders.createProviders());
        server.registerProviders(systemProvider, valueSets);
        server.setServerConformanceProvider(
                new JpaCapabilityStatementProvider(server, systemDao, settings, searchParameters, validation));
        server.setPagingProvider(paging);
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        return server;
    }
}
