using System.Text.Json.Nodes;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.Tests.Metrics;

internal sealed class JsonLinesSinkTests
{
    private string _path = null!;

    [SetUp]
    public void Create() => _path = Path.Combine(Directory.CreateTempSubdirectory("rlhf-sink-").FullName, "logs", "metrics.jsonl");

    [TearDown]
    public void Remove() => Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(_path)!)!, recursive: true);

    [Test]
    public void Write_PutsOneObjectALine_InOrder()
    {
        using (var sink = new JsonLinesSink(_path))
        {
            sink.Write(new JsonObject { ["b"] = JsonLinesSink.Number(1.5), ["a"] = JsonLinesSink.Number(double.NaN) });
            sink.Write(new JsonObject { ["text"] = "é\n" });
        }

        Assert.That(File.ReadAllLines(_path), Is.EqualTo(new[] { """{"b":1.5,"a":"NaN"}""", """{"text":"é\n"}""" }));
    }

    [Test]
    public void Append_CutsTheLineThatACrashLeftUnfinished()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, "{\"a\":1}\n{\"a\":");
        using (var sink = new JsonLinesSink(_path, append: true))
            sink.Write(new JsonObject { ["a"] = 3 });

        Assert.That(File.ReadAllLines(_path), Is.EqualTo(new[] { """{"a":1}""", """{"a":3}""" }));
    }

    [Test]
    public void Create_StartsEmpty_WithoutAppend()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, "{\"a\":1}\n");
        new JsonLinesSink(_path).Dispose();
        Assert.That(File.ReadAllText(_path), Is.Empty);
    }
}
