import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Logs in with the URLs given and prints what it sees, a line each: NAME, a tab, what came of it. */
public class Judge {
    interface Step {
        Object run() throws SQLException;
    }

    static void tell(String name, Step step) {
        String told;
        try {
            told = String.valueOf(step.run());
        } catch (SQLException error) {
            told = "SQLSTATE " + error.getSQLState() + " " + error.getMessage();
        }
        System.out.println(name + "\t" + told.replace("\n", " "));
    }

    static String rows(ResultSet result, String... columns) throws SQLException {
        List<String> rows = new ArrayList<>();
        while (result.next()) {
            List<String> values = new ArrayList<>();
            for (String column : columns) values.add(result.getString(column));
            rows.add(String.join(" ", values));
        }
        return String.join(", ", rows);
    }

    static String first(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    static int update(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    static String insert(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO sales.jdbc VALUES (?, ?, ?, ?, ?)")) {
            for (int number = 0; number < 5; number++) {
                insert.setLong(1, number);
                insert.setString(2, number == 4 ? null : "it's " + number);
                insert.setBigDecimal(3, new BigDecimal("1.25"));
                insert.setTimestamp(4, Timestamp.valueOf("2024-02-29 01:02:03.5"));
                insert.setBoolean(5, number % 2 == 0);
                insert.addBatch();
            }
            return Arrays.toString(insert.executeBatch());
        }
    }

    static String read(Connection connection) throws SQLException {
        String sql = "SELECT * FROM sales.jdbc WHERE id >= ? ORDER BY id";
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            query.setFetchSize(2);
            query.setLong(1, 2);
            ResultSet result = query.executeQuery();
            ResultSetMetaData about = result.getMetaData();
            List<String> types = new ArrayList<>();
            for (int number = 1; number <= about.getColumnCount(); number++) types.add(about.getColumnTypeName(number));
            return String.join(" ", types) + ": " + rows(result, "id", "name", "price", "at", "ok");
        }
    }

    static String rolledBack(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        update(connection, "DELETE FROM sales.jdbc");
        String inside = first(connection, "SELECT count(*) FROM sales.jdbc");
        connection.rollback();
        String after = first(connection, "SELECT count(*) FROM sales.jdbc");
        connection.commit();
        connection.setAutoCommit(true);
        return inside + " " + after;
    }

    static String readOnly(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        try {
            update(connection, "DELETE FROM sales.jdbc");
            return "written";
        } finally {
            connection.setReadOnly(false);
        }
    }

    static String cancelled(Connection connection) throws SQLException {
        String many = "sales.jdbc a" + ", sales.jdbc b, sales.jdbc c, sales.jdbc d, sales.jdbc e, sales.jdbc f, sales.jdbc g"
            + ", sales.jdbc h, sales.jdbc i, sales.jdbc j, sales.jdbc k, sales.jdbc l, sales.jdbc m, sales.jdbc n";
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.executeQuery("SELECT count(*) FROM " + many + " WHERE a.id + n.id = 7");
            return "not cancelled";
        }
    }

    public static void main(String[] urls) throws SQLException {
        try (Connection connection = DriverManager.getConnection(urls[0])) {
            var about = connection.getMetaData();
            tell("user", () -> first(connection, "SELECT current_user"));
            tell("product", () -> about.getDatabaseProductName() + " " + about.getDatabaseProductVersion());
            tell("create", () -> update(connection, "CREATE TABLE sales.jdbc (id bigint PRIMARY KEY, name varchar(20),"
                + " price decimal(8,2), at timestamp, ok boolean) DISTKEY (id) SORTKEY (id)"));
            tell("insert", () -> insert(connection));
            tell("read", () -> read(connection));
            tell("rolledBack", () -> rolledBack(connection));
            tell("readOnly", () -> readOnly(connection));
            tell("absent", () -> first(connection, "SELECT * FROM sales.absent"));
            tell("cancelled", () -> cancelled(connection));
            tell("afterwards", () -> first(connection, "SELECT count(*) FROM sales.jdbc"));
            tell("types", () -> rows(about.getTypeInfo(), "TYPE_NAME"));
            tell("schemas", () -> rows(about.getSchemas(), "TABLE_SCHEM"));
            tell("tables", () -> rows(about.getTables(null, "sales", "%", null), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"));
            tell("columns", () -> rows(about.getColumns(null, "sales", "jdbc", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE"));
            tell("keys", () -> rows(about.getPrimaryKeys(null, "sales", "jdbc"), "COLUMN_NAME", "KEY_SEQ"));
        }
        for (int number = 1; number < urls.length; number++) {
            String url = urls[number];
            tell("login" + number, () -> {
                try (Connection connection = DriverManager.getConnection(url)) {
                    return first(connection, "SELECT current_user");
                }
            });
        }
    }
}
