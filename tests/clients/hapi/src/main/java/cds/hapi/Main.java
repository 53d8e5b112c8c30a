package cds.hapi;

import java.io.OutputStream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * Starts HAPI FHIR JPA on 127.0.0.1 at the port that is given, 0 for any free one, and prints the FHIR base once it
 * answers. Everything lies in memory. It lives as long as its standard input, so that it never outlives who started it.
 */
public final class Main {
    /** As long as a template of ours with the address around it may be, and some. */
    private static final int LONGEST_REQUEST_LINE = 16 * 1024;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        var context = new AnnotationConfigApplicationContext(Storage.class, Rest.class);
        var servlets = new ServletContextHandler("/");
        servlets.addServlet(new ServletHolder(context.getBean(Rest.class).server()), "/fhir/*");
        var server = new Server();
        server.addConnector(connector(server, Integer.parseInt(arguments[0])));
        server.setHandler(servlets);
        server.start();
        System.out.println(server.getURI().resolve("/fhir"));
        System.in.transferTo(OutputStream.nullOutputStream());
        System.exit(0);
    }

    private static ServerConnector connector(Server server, int port) {
        var configuration = new HttpConfiguration();
        configuration.setRequestHeaderSize(LONGEST_REQUEST_LINE);
        configuration.setUriCompliance(UriCompliance.LEGACY);
        var connector = new ServerConnector(server, new HttpConnectionFactory(configuration));
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        return connector;
    }
}
