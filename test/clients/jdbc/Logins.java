import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** Logs in with each URL (or URL, a tab, a file of properties) and prints a line: as whom, or why not. */
public class Logins {
    static Connection connect(String url, String file) throws Exception {
        Properties login = new Properties();
        if (file != null) {
            try (Reader reader = Files.newBufferedReader(Path.of(file))) {
                login.load(reader);
            }
        }
        return DriverManager.getConnection(url, login);
    }

    public static void main(String[] logins) throws Exception {
        for (String login : logins) {
            String[] parts = login.split("\t");
            try (Connection connection = connect(parts[0], parts.length > 1 ? parts[1] : null);
                    Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery("SELECT current_user")) {
                result.next();
                System.out.println(result.getString(1).trim());
            } catch (SQLException error) {
                System.out.println(String.valueOf(error.getMessage()).replace("\n", " "));
            }
        }
    }
}
