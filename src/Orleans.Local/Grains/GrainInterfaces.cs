namespace Orleans;

/// <summary>Something that grain calls can be sent to.</summary>
public interface IAddressable;

/// <summary>A grain. Declare grain interfaces with one of the key interfaces below.</summary>
public interface IGrain : IAddressable;

/// <summary>A grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>A grain whose key is a 64-bit integer.</summary>
public interface IGrainWithIntegerKey : IGrain;

/// <summary>A grain whose key is a GUID.</summary>
public interface IGrainWithGuidKey : IGrain;

/// <summary>A grain whose key is a 64-bit integer and a string.</summary>
public interface IGrainWithIntegerCompoundKey : IGrain;

/// <summary>A grain whose key is a GUID and a string.</summary>
public interface IGrainWithGuidCompoundKey : IGrain;
