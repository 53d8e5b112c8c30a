// consult.mjs CDS_BASE FHIR_BASE PATIENT...
//
// What an EHR built on @medplum/core does when a chart is opened: it discovers the services, resolves their prefetch
// templates against its FHIR server, and calls each of them. Prints {services, consulted: [{patient, service, request, answer}]}.

// The package looks for WebSocket when it is loaded; Node has one from version 22 on, and nothing here opens any.
globalThis.WebSocket ??= class {};
const { buildCdsRequest, MedplumClient } = await import('@medplum/core');

const [cdsBase, fhirBase, ...patients] = process.argv.slice(2);
const fhir = new URL(fhirBase);
const client = new MedplumClient({
  baseUrl: fhir.origin + '/',
  fhirUrlPath: fhir.pathname.slice(1),
  cdsServicesUrl: cdsBase + '/cds-services',
});
const user = { resourceType: 'Practitioner', id: 'example' };

const { services } = await client.getCdsServices();
const consulted = [];
for (const patient of patients) {
  for (const service of services.filter(each => each.hook === 'patient-view')) {
    const context = { userId: 'Practitioner/example', patientId: patient };
    const request = await buildCdsRequest(client, user, service, context);
    const answer = await client.callCdsService(service.id, request);
    consulted.push({ patient, service: service.id, request, answer });
  }
}
process.stdout.write(JSON.stringify({ services, consulted }));
