using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>How values stand in columns.</summary>
internal static class Columns
{
    public static long Milliseconds(this DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    public static DateTimeOffset Time(this SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static byte[] Blob(this SqliteDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static T Named<T>(this SqliteDataReader row, int column)
        where T : struct, Enum => Enum.Parse<T>(row.GetString(column));

    public static string? TextOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static string Join(IEnumerable<long> ids) => string.Join(',', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    public static long[] Ids(string text) => [.. text.Split(',').Select(id => long.Parse(id, CultureInfo.InvariantCulture))];

    public static int[] Numbers(string text) => [.. text.Split(',').Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
}
