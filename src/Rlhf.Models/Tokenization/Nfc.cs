using System.Globalization;
using System.Text;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Unicode normalisation form C (UAX #15): canonical decomposition, canonical order, composition. The runtime has it only through ICU,
/// which the projects are built without; the canonical mappings are in the resource <c>Nfc.txt</c> (its first line says of which version).
/// </summary>
internal static class Nfc
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7;
    private const int LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    private static readonly Dictionary<int, byte> CombiningClass = [];
    private static readonly Dictionary<int, (int First, int Second)> Decomposition = [];
    private static readonly Dictionary<(int First, int Second), int> Composition = [];

    // Code points that can make a text differ from its form C; in a text without them nothing has to be done.
    private static readonly HashSet<int> Unstable = [];

    static Nfc()
    {
        using Stream resource = typeof(Nfc).Assembly.GetManifestResourceStream("Rlhf.Models.Tokenization.Nfc.txt")!;
        using StreamReader reader = new(resource);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ');
            int[] points = [.. fields[1..].Select(field => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (fields[0] == "class")
                AddClass(points[0], points[1], (byte)points[2]);
            else
                AddMapping(points[0], points[1], points.Length > 2 ? points[2] : -1, composes: fields[0] == "pair");
        }
    }

    /// <summary>The text in form C; the text itself if it is already.</summary>
    public static ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyExceptInRange('\0', '\u02FF') || !NeedsWork(text))
            return text;
        List<int> points = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Order(points);
        Compose(points);
        StringBuilder composed = new(text.Length);
        foreach (int point in points)
            composed.Append(new Rune(point).ToString());
        return composed.ToString();
    }

    private static void AddClass(int first, int last, byte value)
    {
        for (int point = first; point <= last; point++)
        {
            CombiningClass[point] = value;
            Unstable.Add(point);
        }
    }

    private static void AddMapping(int point, int first, int second, bool composes)
    {
        Decomposition[point] = (first, second);
        if (composes)
        {
            Composition[(first, second)] = point;
            Unstable.Add(second);
        }
        else
        {
            Unstable.Add(point);
        }
    }

    private static bool NeedsWork(ReadOnlySpan<char> text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value >= 0x300 && (Unstable.Contains(rune.Value) || rune.Value is (>= VBase and < VBase + VCount) or (> TBase and < TBase + TCount)))
                return true;
        }

        return false;
    }

    private static void Decompose(int point, List<int> points)
    {
        int syllable = point - SBase;
        if (syllable is >= 0 and < SCount)
        {
            points.Add(LBase + syllable / (VCount * TCount));
            points.Add(VBase + syllable % (VCount * TCount) / TCount);
            if (syllable % TCount != 0)
                points.Add(TBase + syllable % TCount);
        }
        else if (Decomposition.TryGetValue(point, out (int First, int Second) mapping))
        {
            Decompose(mapping.First, points);
            if (mapping.Second >= 0)
                points.Add(mapping.Second);
        }
        else
        {
            points.Add(point);
        }
    }

    private static void Order(List<int> points)
    {
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && CombiningClass.ContainsKey(points[end]))
                end++;
            if (end - start > 1)
            {
                // A stable sort: marks of one class keep their order.
                int[] marks = [.. points[start..end].OrderBy(point => CombiningClass[point])];
                for (int i = 0; i < marks.Length; i++)
                    points[start + i] = marks[i];
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        int kept = 0;
        int starter = -1;
        int lastClass = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combiningClass = CombiningClass.GetValueOrDefault(point);

            // A mark is blocked from its starter by one of the same or a higher class between them, a starter by anything between.
            bool adjacent = starter == kept - 1;
            if (starter >= 0 && (adjacent || (lastClass != 0 && lastClass < combiningClass)) && Pair(points[starter], point) is int composed and >= 0)
            {
                points[starter] = composed;
                continue;
            }

            if (combiningClass == 0)
                starter = kept;
            lastClass = combiningClass;
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static int Pair(int first, int second)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
            return SBase + ((first - LBase) * VCount + (second - VBase)) * TCount;
        if (first is >= SBase and < SBase + SCount && (first - SBase) % TCount == 0 && second is > TBase and < TBase + TCount)
            return first + (second - TBase);
        return Composition.GetValueOrDefault((first, second), -1);
    }
}
